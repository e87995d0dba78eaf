"""Native code: LLVM IR written from Programs, linked, and called from Python."""
