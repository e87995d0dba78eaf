"""How the page looks: its style sheet, and the colors of the kinds of steps."""

COLORS = {
    "nest": "#2563a8",
    "registers": "#64748b",
    "library": "#7c3aed",
    "rule": "#0e7490",
    "loop": "#b45309",
    "branch": "#b45309",
    "guard": "#94a3b8",
    "callback": "#c2410c",
}
KIND_NAMES = {
    "nest": "loop nest",
    "registers": "in registers",
    "library": "library call",
    "rule": "written out",
    "loop": "sequential loop",
    "branch": "branch",
    "guard": "guard",
    "callback": "calls Python",
}
STAGE_COLORS = ("#cbd5e1", "#7ba7d3", "#2563a8", "#a78bda", "#7c3aed", "#0e7490")

STYLE = """
.wg { --ink: #1e293b; --soft: #64748b; --line: #e2e8f0; --accent: #2563a8; color-scheme: light;
      color: var(--ink); background: #f8fafc;
      font: 15px/1.55 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
.wg * { box-sizing: border-box; }
.wg main { max-width: 66rem; margin: 0 auto; padding: 2rem 1.25rem 3rem; }
.wg h1 { font-size: 1.8rem; line-height: 1.2; margin: 0; letter-spacing: -.02em; }
.wg h2 { font-size: 1.2rem; margin: 0 0 .7rem; letter-spacing: -.01em; }
.wg h3 { font-size: .95rem; margin: 1.2rem 0 .4rem; }
.wg p { max-width: 48rem; margin: .4rem 0; }
.wg section { background: white; border: 1px solid var(--line); border-radius: 12px;
              padding: 1.3rem 1.5rem; margin-top: 1.2rem; }
.wg .signature, .wg code, .wg pre { font: .82rem/1.55 ui-monospace, "SF Mono", Menlo,
                                    "DejaVu Sans Mono", monospace; }
.wg .signature { color: var(--soft); margin: .2rem 0 .9rem; overflow-wrap: anywhere; }
.wg pre { background: #f1f5f9; border-radius: 8px; padding: .8rem 1rem; overflow: auto;
          max-height: 34rem; margin: .6rem 0 0; }
.wg .verdict { display: inline-block; padding: .35rem .8rem; border-radius: 14px;
               font-weight: 600; }
.wg .good { background: #dcfce7; color: #166534; }
.wg .fair { background: #ffedd5; color: #9a3412; }
.wg .poor { background: #fee2e2; color: #991b1b; }
.wg .facts { display: flex; flex-wrap: wrap; gap: .6rem 2.4rem; margin-top: 1.2rem; }
.wg .facts b { display: block; font-size: 1.5rem; line-height: 1.25; color: var(--accent);
               font-variant-numeric: tabular-nums; }
.wg .facts span { font-size: .82rem; color: var(--soft); }
.wg .note { color: var(--soft); font-size: .85rem; }
.wg .bars { display: grid; grid-template-columns: max-content 1fr max-content; gap: .35rem .8rem;
            align-items: center; max-width: 44rem; font-size: .9rem; }
.wg .bars i { display: block; height: .85rem; border-radius: 3px; min-width: 2px; }
.wg .bars b { font-weight: 600; font-variant-numeric: tabular-nums; }
.wg .stack { display: flex; height: 1.3rem; border-radius: 5px; overflow: hidden; }
.wg .legend { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin-top: .5rem;
              font-size: .85rem; }
.wg .legend i { display: inline-block; width: .7rem; height: .7rem; border-radius: 2px;
                margin-right: .4rem; }
.wg .step { border: 1px solid var(--line); border-left: 5px solid var(--kind);
            border-radius: 8px; padding: .6rem .9rem .7rem; margin-top: .6rem; }
.wg .step > header { display: flex; gap: .6rem; align-items: baseline; flex-wrap: wrap; }
.wg .step > header b { font-size: 1rem; }
.wg .number { color: var(--soft); font-variant-numeric: tabular-nums; }
.wg .kind { background: var(--kind); color: white; border-radius: 999px; padding: .05rem .6rem;
            font-size: .74rem; font-weight: 600; white-space: nowrap; }
.wg .lines { margin-left: auto; color: var(--soft); font-size: .8rem; }
.wg .values { display: grid; grid-template-columns: max-content minmax(0, 1fr) max-content;
              gap: .1rem 1rem; margin-top: .35rem; align-items: baseline; }
.wg .values code { overflow-wrap: anywhere; }
.wg .values .type { color: var(--soft); }
.wg .chip { display: inline-block; border-radius: 4px; padding: 0 .4rem; font-size: .76rem;
            background: #f1f5f9; color: #475569; white-space: nowrap; }
.wg .chip.output { background: #dcfce7; color: #166534; }
.wg .chip.arena { background: #dbeafe; color: #1e40af; }
.wg .loops { margin: .35rem 0 0; padding: 0; list-style: none; color: #475569;
             font-size: .82rem; }
.wg .fused { margin-top: .35rem; font-size: .82rem; color: var(--soft); }
.wg .body { margin-top: .5rem; padding-left: .9rem; border-left: 2px dashed var(--line); }
.wg table { border-collapse: collapse; font-size: .86rem; }
.wg th { font-weight: 600; color: var(--soft); font-size: .78rem; text-align: left; }
.wg th, .wg td { padding: .25rem 1.2rem .25rem 0; border-bottom: 1px solid var(--line);
                 vertical-align: top; }
.wg td.n, .wg th.n { text-align: right; font-variant-numeric: tabular-nums; }
.wg details { margin-top: .6rem; }
.wg summary { cursor: pointer; font-weight: 600; font-size: .92rem; }
@media (max-width: 40rem) { .wg .values { grid-template-columns: 1fr; }
                            .wg section { padding: 1rem; } }
"""
