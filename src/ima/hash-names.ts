// The kernel's names of hash algorithms and the digest sizes that go with them.
// kernel crypto/hash_info.c: hash_algo_name, hash_digest_size; FORMATS 2.2.

/** Digest size in bytes by kernel hash name. Older kernels spell sm3 as sm3-256. */
export const KERNEL_HASH_SIZES: ReadonlyMap<string, number> = new Map([
  ['md4', 16],
  ['md5', 16],
  ['sha1', 20],
  ['rmd160', 20],
  ['sha256', 32],
  ['sha384', 48],
  ['sha512', 64],
  ['sha224', 28],
  ['rmd128', 16],
  ['rmd256', 32],
  ['rmd320', 40],
  ['wp256', 32],
  ['wp384', 48],
  ['wp512', 64],
  ['tgr128', 16],
  ['tgr160', 20],
  ['tgr192', 24],
  ['sm3', 32],
  ['sm3-256', 32],
  ['streebog256', 32],
  ['streebog512', 64],
  ['sha3-256', 32],
  ['sha3-384', 48],
  ['sha3-512', 64],
]);

/** Kernel hash names by the number that signature headers and `security.ima` carry.
 *  include/uapi/linux/hash_info.h: enum hash_algo. */
export const KERNEL_HASH_NAMES: readonly string[] = [
  'md4',
  'md5',
  'sha1',
  'rmd160',
  'sha256',
  'sha384',
  'sha512',
  'sha224',
  'rmd128',
  'rmd256',
  'rmd320',
  'wp256',
  'wp384',
  'wp512',
  'tgr128',
  'tgr160',
  'tgr192',
  'sm3',
  'streebog256',
  'streebog512',
  'sha3-256',
  'sha3-384',
  'sha3-512',
];
