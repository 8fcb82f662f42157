// As much of a test framework as these tests need.
const tests = [];

export const test = (name, body) => tests.push({ name, body });

export function equal(actual, expected, what = '') {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${what} is ${one}, not ${other}`);
}

export function ok(value, what = 'a condition') {
  if (!value) throw new Error(`${what} does not hold`);
}

export async function rejects(promise, check = () => true) {
  try {
    await promise;
  } catch (error) {
    ok(check(error), `the expected error (it is ${error})`);
    return;
  }
  throw new Error('it did not fail');
}

/** [{name, error}] of one file. */
export async function run(path) {
  await import(path);
  const results = [];
  for (const { name, body } of tests) {
    let error = null;
    try {
      await Promise.race([body(), new Promise((_, reject) => setTimeout(() => reject(new Error('it does not end')), 10_000))]);
    } catch (failure) {
      error = String(failure.stack ?? failure);
    }
    results.push({ name, error });
  }
  return results;
}
