/** Tests that follow on each other: after the first that fails, the others say so instead of failing for reasons of their own. */
export function createSteps(onFailure: () => Promise<void>): (name: string, step: () => Promise<void>) => void {
  let failed: string | null = null;
  return (name, step) =>
    it(name, async () => {
      if (failed) throw leftOut(failed);
      try {
        await step();
      } catch (failure) {
        failed = name;
        await onFailure().catch(() => undefined);
        throw failure;
      }
    });
}

function leftOut(after: string): Error {
  const error = new Error(`Left out, because this failed: ${after}`);
  error.stack = error.message;
  return error;
}
