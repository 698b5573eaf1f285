/* The limit to measure the kernel against: a whole list replayed with the SHA instructions of the
 * processor, one message at a time. Written for bench/kernel.ts, never part of the product.
 *
 * reference FILE BANKS     banks: sha1, sha256, padded or several, with commas
 *
 * For every record: SHA-1 of the template data against the column, the digest of each bank, the
 * extend of each bank; `padded` is the SHA-256 bank extended with padded SHA-1 digests. Prints the
 * best of some runs in nanoseconds a record, and the last value of each bank. Little-endian lists with a length before the template data. FORMATS 1.1, 4.2
 * Instructions: Intel Architecture Software Developer's Manual, volume 2, SHA extensions. */

#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const uint32_t K256[64] = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
static const uint32_t START256[8] = {
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};
static const uint32_t START1[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};

static __m128i load_words(const uint8_t *at) {
  const __m128i turn = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
  return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)at), turn);
}

/* The instructions want the words as (a, b, e, f) and (c, d, g, h), the highest lane first. */
static void compress256(uint32_t state[8], const uint8_t *data, size_t blocks) {
  __m128i low = _mm_loadu_si128((const __m128i *)state);
  __m128i high = _mm_loadu_si128((const __m128i *)(state + 4));
  __m128i abef = _mm_unpackhi_epi64(_mm_shuffle_epi32(high, 0x1b), _mm_shuffle_epi32(low, 0x1b));
  __m128i cdgh = _mm_unpacklo_epi64(_mm_shuffle_epi32(high, 0x1b), _mm_shuffle_epi32(low, 0x1b));
  for (; blocks > 0; blocks -= 1, data += 64) {
    const __m128i abef_before = abef, cdgh_before = cdgh;
    __m128i w[4];
    for (int at = 0; at < 4; at += 1) w[at] = load_words(data + 16 * at);
#pragma GCC unroll 16
    for (int four = 0; four < 16; four += 1) {
      const __m128i word = w[four & 3];
      __m128i sum = _mm_add_epi32(word, _mm_loadu_si128((const __m128i *)(K256 + 4 * four)));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
      const __m128i last = w[(four + 3) & 3], older = w[(four + 2) & 3];
      __m128i next = _mm_sha256msg1_epu32(word, w[(four + 1) & 3]);
      next = _mm_add_epi32(next, _mm_alignr_epi8(last, older, 4));
      w[four & 3] = _mm_sha256msg2_epu32(next, last);
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  __m128i abcd = _mm_unpackhi_epi64(cdgh, abef);
  __m128i efgh = _mm_unpacklo_epi64(cdgh, abef);
  _mm_storeu_si128((__m128i *)state, _mm_shuffle_epi32(abcd, 0x1b));
  _mm_storeu_si128((__m128i *)(state + 4), _mm_shuffle_epi32(efgh, 0x1b));
}

static void compress1(uint32_t state[5], const uint8_t *data, size_t blocks) {
  __m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0x1b);
  __m128i e = _mm_set_epi32((int)state[4], 0, 0, 0);
  for (; blocks > 0; blocks -= 1, data += 64) {
    const __m128i abcd_before = abcd, e_before = e;
    __m128i before = abcd, w[4];
    for (int at = 0; at < 4; at += 1) w[at] = _mm_shuffle_epi32(load_words(data + 16 * at), 0x1b);
#define FOUR(four, mix)                                                              \
  do {                                                                               \
    const __m128i word = w[(four) & 3];                                              \
    const __m128i sum = (four) == 0 ? _mm_add_epi32(e, word) : _mm_sha1nexte_epu32(e, word); \
    before = abcd;                                                                   \
    abcd = _mm_sha1rnds4_epu32(abcd, sum, mix);                                      \
    e = before;                                                                      \
    __m128i next = _mm_sha1msg1_epu32(word, w[((four) + 1) & 3]);                    \
    next = _mm_xor_si128(next, w[((four) + 2) & 3]);                                 \
    w[(four) & 3] = _mm_sha1msg2_epu32(next, w[((four) + 3) & 3]);                   \
  } while (0)
#define TWENTY(first, mix) \
  FOUR(first, mix);        \
  FOUR(first + 1, mix);    \
  FOUR(first + 2, mix);    \
  FOUR(first + 3, mix);    \
  FOUR(first + 4, mix)
    TWENTY(0, 0);
    TWENTY(5, 1);
    TWENTY(10, 2);
    TWENTY(15, 3);
    e = _mm_sha1nexte_epu32(e, e_before);
    abcd = _mm_add_epi32(abcd, abcd_before);
  }
  _mm_storeu_si128((__m128i *)state, _mm_shuffle_epi32(abcd, 0x1b));
  state[4] = (uint32_t)_mm_extract_epi32(e, 3);
}

struct hash {
  const char *name;
  int words;
  const uint32_t *start;
  void (*compress)(uint32_t *, const uint8_t *, size_t);
};
static const struct hash SHA1 = {"sha1", 5, START1, compress1};
static const struct hash SHA256 = {"sha256", 8, START256, compress256};

static void digest(const struct hash *hash, const uint8_t *data, size_t bytes, uint8_t *into) {
  uint32_t state[8];
  uint8_t tail[128] = {0};
  const size_t whole = bytes / 64, rest = bytes % 64;
  const size_t tail_bytes = rest < 56 ? 64 : 128;
  memcpy(state, hash->start, (size_t)hash->words * 4);
  memcpy(tail, data + whole * 64, rest);
  tail[rest] = 0x80;
  const uint64_t bits = __builtin_bswap64((uint64_t)bytes * 8);
  memcpy(tail + tail_bytes - 8, &bits, 8);
  hash->compress(state, data, whole);
  hash->compress(state, tail, tail_bytes / 64);
  for (int at = 0; at < hash->words; at += 1) {
    const uint32_t word = __builtin_bswap32(state[at]);
    memcpy(into + 4 * at, &word, 4);
  }
}

static uint32_t word_at(const uint8_t *at) {
  uint32_t word;
  memcpy(&word, at, 4);
  return word;
}

/* Replays the list; gives the number of records, or stops where a column differs. */
static size_t replay(const uint8_t *list, size_t bytes, int banks,
                     uint8_t values[3][32]) {
  size_t count = 0;
  memset(values, 0, 96);
  for (const uint8_t *at = list; at < list + bytes; count += 1) {
    const uint8_t *column = at + 4;
    const uint8_t *data = at + 28 + word_at(at + 24) + 4;
    const uint32_t data_bytes = word_at(data - 4);
    uint8_t own[20], pair[64];
    digest(&SHA1, data, data_bytes, own);
    if (memcmp(own, column, 20) != 0) exit(2);
    if (banks & 1) {
      memcpy(pair, values[0], 20);
      memcpy(pair + 20, own, 20);
      digest(&SHA1, pair, 40, values[0]);
    }
    if (banks & 2) {
      memcpy(pair, values[1], 32);
      digest(&SHA256, data, data_bytes, pair + 32);
      digest(&SHA256, pair, 64, values[1]);
    }
    if (banks & 4) {
      memset(pair, 0, 64);
      memcpy(pair, values[2], 32);
      memcpy(pair + 32, own, 20);
      digest(&SHA256, pair, 64, values[2]);
    }
    at = data + data_bytes;
  }
  return count;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int count, char **arguments) {
  if (count != 3) return 1;
  FILE *file = fopen(arguments[1], "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) return 1;
  const size_t bytes = (size_t)ftell(file);
  uint8_t *list = malloc(bytes + 64);
  rewind(file);
  if (list == NULL || fread(list, 1, bytes, file) != bytes) return 1;
  const char *named = arguments[2];
  const int banks = (strstr(named, "sha1") ? 1 : 0) | (strstr(named, "sha256") ? 2 : 0) |
                    (strstr(named, "padded") ? 4 : 0);
  uint8_t values[3][32];
  double best = 0;
  for (int run = 0; run < 7; run += 1) {
    const double before = seconds();
    const size_t records = replay(list, bytes, banks, values);
    const double nanos = (seconds() - before) * 1e9 / (double)records;
    if (run == 0 || nanos < best) best = nanos;
  }
  printf("%.1f", best);
  for (int bank = 0; bank < 3; bank += 1) {
    printf(" ");
    for (int at = 0; at < 32; at += 1) printf("%02x", values[bank][at]);
  }
  printf("\n");
  return 0;
}
