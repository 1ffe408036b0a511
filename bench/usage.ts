/** What some work took of this process. */
export type Usage = { readonly ms: number; readonly cpuMs: number };

export async function usageOf(work: () => Promise<unknown>): Promise<Usage> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { ms, cpuMs: (user + system) / 1_000 };
}

export async function msOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
