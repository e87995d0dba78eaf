"""LLVM through llvmlite: from IR to object code, and from object code to addresses.

Used by `engine`, which adds the cache and the lock; nothing else of the package imports llvmlite.
"""

from __future__ import annotations

import ctypes
import hashlib
import time
from dataclasses import dataclass
from typing import Any

from wengert.errors import ArgumentError, InternalError
from wengert.native import symbols


@dataclass(frozen=True)
class Options:
    """How a module is compiled.

    Parameters
    ----------
    opt_level : int, default 2
        LLVM's effort in code generation, 0 to 3. The mid-level passes are not part of it.
    passes : tuple of str, default ()
        Mid-level passes to run first, by LLVM's names ("sroa", "instruction_combine",
        "simplify_cfg", "dead_code_elimination", "new_gvn", ...).
    use_disk : bool, default True
        Whether object code is looked for, and kept, on disk.
    """

    opt_level: int = 2
    passes: tuple[str, ...] = ()
    use_disk: bool = True


@dataclass
class Seconds:
    """Where the time of one `link` went."""

    parse: float = 0.0
    passes: float = 0.0
    codegen: float = 0.0
    link: float = 0.0

    @property
    def total(self) -> float:
        return self.parse + self.passes + self.codegen + self.link


def never_free(thing: Any) -> None:
    """Keep an object for the life of the process, whatever order modules are torn down in."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


class Toolchain:
    """LLVM set up for the host: target machines by effort, and the linker."""

    def __init__(self) -> None:
        import llvmlite
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        self._llvm = llvm
        self._target = llvm.Target.from_default_triple()
        self._cpu = llvm.get_host_cpu_name()
        try:
            self._features = llvm.get_host_cpu_features().flatten()
        except RuntimeError:  # not every platform can list them
            self._features = ""
        self._machines: dict[int, Any] = {}
        self._jit = llvm.create_lljit_compiler(self._new_machine(2), suppress_errors=True)
        # Code may be called, and freed, until the very end of the process: the linker outlives
        # whatever order modules are torn down in.
        never_free(self._jit)
        self._n_linked = 0
        facts = (self._cpu, self._features, llvm.get_process_triple(), llvm.llvm_version_info)
        self.fingerprint = hashlib.sha256(repr((facts, llvmlite.__version__)).encode()).digest()

    def _new_machine(self, opt_level: int) -> Any:
        # The large code model: the linked functions may lie anywhere in the address space.
        return self._target.create_target_machine(
            cpu=self._cpu,
            features=self._features,
            opt=opt_level,
            reloc="default",
            codemodel="jitdefault",
            jit=True,
        )

    def compile(self, ir_text: str, name: str, options: Options, seconds: Seconds) -> bytes:
        start = time.perf_counter()
        try:
            module = self._llvm.parse_assembly(ir_text)
            module.verify()
        except RuntimeError as error:
            raise InternalError(
                f"native module {name!r} is not valid LLVM IR.", got=str(error)
            ) from None
        seconds.parse = time.perf_counter() - start
        machine = self._machines.get(options.opt_level)
        if machine is None:
            machine = self._machines[options.opt_level] = self._new_machine(options.opt_level)
        start = time.perf_counter()
        if options.passes:
            self._run_passes(module, machine, options.passes)
        seconds.passes = time.perf_counter() - start
        start = time.perf_counter()
        code: bytes = machine.emit_object(module)
        seconds.codegen = time.perf_counter() - start
        return code

    def assembly(self, ir_text: str) -> str:
        module = self._llvm.parse_assembly(ir_text)
        return str(self._new_machine(2).emit_assembly(module))

    def _run_passes(self, module: Any, machine: Any, passes: tuple[str, ...]) -> None:
        builder = self._llvm.create_pass_builder(
            machine, self._llvm.create_pipeline_tuning_options(speed_level=2)
        )
        manager = self._llvm.create_new_module_pass_manager()
        for one in passes:
            add = getattr(manager, f"add_{one}_pass", None)
            if add is None:
                raise ArgumentError(f"llvmlite knows no pass named {one!r}.")
            add()
        manager.run(module, builder)

    def link(self, name: str, code: bytes, exported: list[str], externals: list[str]) -> Any:
        builder = self._llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
        for one in externals:
            address = symbols.address(one)
            if address is not None:
                builder.import_symbol(one, address)
        for one in exported:
            builder.export_symbol(one)
        self._n_linked += 1
        try:
            return builder.link(self._jit, f"{name}#{self._n_linked}")
        except RuntimeError as error:
            unknown = [e for e in externals if symbols.address(e) is None]
            raise InternalError(
                f"native module {name!r} cannot be linked.",
                got=f"external names that are not registered: {', '.join(unknown) or 'none'}; "
                f"{error}",
                try_="symbols.register(name, address) before linking",
            ) from None
