// The constants of SHA-2 from their definition: bits behind the point of the roots of primes.
// FIPS 180-4, 4.2.2, 4.2.3 and 5.3.

const PRIMES = primes(80);

/** The first 64 bits behind the point of the square roots of the first 16 primes. */
export const SQUARE_ROOTS = PRIMES.filter((_, at) => at < 16).map((prime) => rootBits(prime, 2n));

/** The same of the cube roots of the first 80 primes. */
export const CUBE_ROOTS = PRIMES.map((prime) => rootBits(prime, 3n));

function primes(count: number): readonly bigint[] {
  const found: bigint[] = [];
  for (let candidate = 2n; found.length < count; candidate += 1n) {
    if (found.every((prime) => candidate % prime !== 0n)) found.push(candidate);
  }
  return found;
}

/** The largest root of 64 bits behind the point that is not above the true one. */
function rootBits(prime: bigint, degree: bigint): bigint {
  const power = prime << (64n * degree);
  let root = 0n;
  for (let bit = 1n << 69n; bit > 0n; bit >>= 1n) {
    if ((root | bit) ** degree <= power) root |= bit;
  }
  return BigInt.asUintN(64, root);
}
