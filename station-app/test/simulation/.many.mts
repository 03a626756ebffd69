const base='/work/main/station-app/test/simulation/';
const { openSimulation } = await import(base+'run-simulation.ts');
const { findViolations, readLog } = await import(base+'check-run.ts');
const { manyFaults } = await import(base+'faults.ts');
const sim = openSimulation();
const [from, count] = [Number(process.argv[2]), Number(process.argv[3])];
const t0=performance.now(); let bad=0; const types: Record<string, number> = {}; let crashes=0;
for (let seed=from; seed<from+count; seed++) {
  try {
    const run = sim.run(seed, manyFaults); crashes+=run.crashes;
    for (const f of readLog(run.texts).facts) { const k=f.type+(f.type==='parcel.ended'?':'+f.payload.outcome+':'+(f.payload.reasons as any[]).map(r=>r.code).join('+'):f.type==='reading.discarded'?':'+f.payload.kind+':'+f.payload.reason:''); types[k]=(types[k]??0)+1; }
    const v = findViolations(run); if (v.length) { bad++; console.log(seed, v); }
  } catch (e) { bad++; console.log(seed, (e as Error).stack?.split('\n').slice(0,6).join('\n')); }
}
console.log({ bad, crashes, ms: Math.round(performance.now()-t0) });
if (process.argv[4]) console.log(types);
sim.remove();
