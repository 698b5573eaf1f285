// What no line of this repository may hold, and why. Every rule brings an example of what it
// finds, so that a rule which finds nothing any more is noticed. What needs a syntax tree
// (function length, parameters, file names, promises) is Biome's: biome.json.

/** A rule about lines. */
export interface LineRule {
  readonly name: string;
  readonly pattern: RegExp;
  /** `code`: comments and the inside of strings do not count; `text`: they do. */
  readonly in: 'code' | 'text';
  /** Which paths it holds for. */
  readonly where: (path: string) => boolean;
  readonly because: string;
  /** A line that it finds. */
  readonly finds: string;
}

const CORE =
  /^src\/(?:findings|bytes|crypto|pcr|quote|ima|boot|timeline|diagnosis|enroll|policy|verify)\//;
const ORDERED = /^src\/(?:service|api)\//;

const inCore = (path: string): boolean => CORE.test(path);
const inSource = (path: string): boolean => path.startsWith('src/');
const inTypeScript = (path: string): boolean => path.endsWith('.ts');
const inTests = (path: string): boolean => path.endsWith('.test.ts');
const everywhere = (): boolean => true;

function outside(where: (path: string) => boolean, ...homes: readonly string[]) {
  return (path: string) => where(path) && !homes.some((home) => path.startsWith(home));
}

export const LINE_RULES: readonly LineRule[] = [
  {
    name: 'clock in the core',
    pattern: /\bDate\.now\b|\bnew Date\b|\bperformance\.now\b|\bprocess\.hrtime\b/,
    in: 'code',
    where: inCore,
    because: 'the same bytes must give the same verdict; time is an argument',
    finds: 'const at = new Date(0);',
  },
  {
    name: 'clock in use cases and routes',
    pattern: /\bDate\.now\b|\bnew Date\(\)/,
    in: 'code',
    where: (path) => ORDERED.test(path),
    because: 'time comes through the clock port, so that tests can set it',
    finds: 'const at = Date.now();',
  },
  {
    name: 'weak randomness',
    pattern: /\bMath\.random\b/,
    in: 'code',
    where: inSource,
    because: 'nonces and ids need a cryptographic source; it comes through a port',
    finds: 'const id = Math.random();',
  },
  {
    name: 'environment',
    pattern: /\bprocess\.env\b/,
    in: 'code',
    where: outside(inSource, 'src/config.ts', 'src/cli/main.ts'),
    because: 'the environment is read once, checked, and passed on as settings',
    finds: 'const url = process.env.DATABASE_URL;',
  },
  {
    name: 'clamping view of bytes',
    pattern: /\.subarray\(|\bDataView\b/,
    in: 'code',
    where: outside(inSource, 'src/bytes/'),
    because: 'they clamp or throw by themselves; src/bytes/reader.ts checks and then touches',
    finds: 'const head = bytes.subarray(0, 4);',
  },
  {
    name: 'clamping slice in the core',
    pattern: /\.slice\(/,
    in: 'code',
    where: outside(inCore, 'src/bytes/'),
    because: 'a text check cannot tell bytes from text, so the core does without either',
    finds: 'const tail = bytes.slice(4);',
  },
  {
    name: 'Buffer in the core',
    pattern: /\bBuffer\b/,
    in: 'code',
    where: outside(inCore, 'src/bytes/'),
    because: 'src/bytes owns encodings; the rest of the core knows Uint8Array only',
    finds: "Buffer.from(text, 'hex')",
  },
  {
    name: 'printing',
    pattern: /\bconsole\./,
    in: 'code',
    where: outside(inSource, 'src/cli/'),
    because: 'only the command line speaks to a terminal; the service has a logger',
    finds: 'console.log(verdict);',
  },
  {
    name: 'code from text',
    pattern: /\beval\(|\bnew Function\(/,
    in: 'code',
    where: inTypeScript,
    because: 'nothing that we read may become code',
    finds: "eval('1')",
  },
  {
    name: 'silenced type',
    pattern: /\bas any\b|\bas unknown as\b|<any>/,
    in: 'code',
    where: inTypeScript,
    because: 'a type that does not fit is a question to answer, not to silence',
    finds: 'const verdict = body as unknown as Verdict;',
  },
  {
    name: 'silenced check',
    pattern: /@ts-(?:ignore|expect-error|nocheck)|biome-(?:ignore)|\b(?:c8|v8|istanbul) (?:ignore)/,
    in: 'text',
    where: inTypeScript,
    because: 'checks hold everywhere or are changed for everyone',
    finds: '// @ts-ignore',
  },
  {
    name: 'test left out',
    pattern: /\.(?:only|todo)\(|\b(?:only|todo): true\b|\.skip\(|\bskip: true\b/,
    in: 'code',
    where: inTests,
    because: 'a test runs or is removed; only a missing program skips one, and CI has them all',
    finds: "it.only('x', () => {});",
  },
  {
    name: 'promise instead of work',
    pattern: /\bTODO\b(?! \(decision \d{4}\))|\b(?:FIXME|XXX|PLACEHOLDER|CONTRACT FIRST)\b/,
    in: 'text',
    where: inTypeScript,
    because: 'what is not done is written down as a numbered decision, or done',
    finds: '// TODO later',
  },
  {
    name: 'path of one machine',
    pattern: /(?<![\w.$}])\/(?:work|home|root|Users)\/|\.\.\/shared\b/,
    in: 'text',
    where: everywhere,
    because: 'the repository works wherever it is cloned',
    finds: "readFileSync('/home/me/list')",
  },
  {
    name: 'registry host',
    pattern: /\bhttps?:\/\/(?:registry|deb|proxy|static|files)\.|"resolved":/,
    in: 'text',
    where: everywhere,
    because: 'where packages come from is the business of whoever installs',
    finds: ['https:/', 'registry.example'].join('/'),
  },
  {
    name: 'word outside the glossary',
    // An event of the kernel is called blacklisted-hash.
    pattern:
      /\b(?!blacklisted-hash)(?:white|black|allow|deny)list(?:s|ed)?\b|\bAIK\b|\bgolden hash/i,
    in: 'text',
    where: outside(everywhere, 'CONTRIBUTING.md'),
    because: 'one word for one thing: reference values, attestation key (CONTRIBUTING.md)',
    finds: '// the whitelist of hashes',
  },
  {
    name: 'long line',
    pattern: /^.{101,}$/,
    in: 'text',
    where: (path) => /\.(?:ts|sql)$|^\.ci\//.test(path),
    because: 'two files fit side by side on a screen',
    finds: '-'.repeat(101),
  },
];
