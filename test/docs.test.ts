// The documents, held against the code: codes, limits, paths, commands, sections, and the examples
// of the README word for word.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, it } from 'node:test';
import { PROBLEMS } from '../src/api/problem.ts';
import { HASH_ALGORITHMS } from '../src/crypto/digest.ts';
import { REASON_CODES } from '../src/findings/codes.ts';
import { CHECKS } from '../src/verify/verdict.ts';
import { examplesOf, runLine } from './support/examples.ts';
import { limitsDocument } from './support/limits-document.ts';
import { reasonCodesDocument } from './support/reason-codes-document.ts';
import { withRoomsTable } from './support/rooms-table.ts';
import { filesBelow, ROOT, textOf } from './support/source-tree.ts';

const documents = filesBelow('').filter((path) => /^(?:docs\/.*|[A-Z]+)\.md$/.test(path));
const sources = [...filesBelow('src'), ...filesBelow('migrations')];
const codes: readonly string[] = Object.keys(REASON_CODES);

describe('tables', () => {
  it('docs/reason-codes.md is the catalogue', () => {
    assert.equal(textOf('docs/reason-codes.md'), reasonCodesDocument(), 'npm run docs:tables');
  });

  it('docs/limits.md is src/bytes/limits.ts', () => {
    assert.equal(textOf('docs/limits.md'), limitsDocument(), 'npm run docs:tables');
  });

  it('docs/ARCHITECTURE.md has the table of rooms', () => {
    const text = textOf('docs/ARCHITECTURE.md');
    assert.equal(text, withRoomsTable(text), 'npm run docs:tables');
  });

  it('docs/verdicts.md explains every check, in order', () => {
    const rows = [...textOf('docs/verdicts.md').matchAll(/^\| `([a-z]+\.[a-z_]+)` \|/gm)];
    assert.deepEqual(
      rows.map(([, name]) => name),
      CHECKS,
    );
  });
});

describe('reason codes', () => {
  const golden = textOf('test/golden/reason-codes.txt').split('\n').filter(Boolean);

  it('are spelled part.noun_state', () => {
    const odd = codes.filter((code) => !/^[a-z]+\.[a-z]+(?:_[a-z]+)*$/.test(code));
    assert.deepEqual(odd, []);
  });

  it('never vanish once they are in the golden list', () => {
    assert.deepEqual(
      golden.filter((code) => !codes.includes(code)),
      [],
    );
  });

  it('are in the golden list', () => {
    assert.deepEqual(
      codes.filter((code) => !golden.includes(code)),
      [],
      'npm run docs:tables',
    );
  });

  it('exist wherever a document names one', () => {
    const named = (text: string): readonly string[] =>
      [...text.matchAll(/`((?:quote|pcr|ak|boot|ima|policy|limit)\.[a-z]+_[a-z_]+)`/g)].map(
        ([, code = '']) => code,
      );
    const known = new Set([...codes, ...CHECKS, ...Object.keys(PROBLEMS)]);
    const wrong = documents.flatMap((path) =>
      named(textOf(path)).flatMap((code) => (known.has(code) ? [] : [`${path}: ${code}`])),
    );
    assert.deepEqual(wrong, []);
  });
});

describe('references', () => {
  it('of documents to paths lead somewhere', () => {
    const wrong = documents.flatMap((path) => {
      const text = textOf(path);
      const quoted = [
        ...text.matchAll(/`((?:src|docs|test|migrations|demo|bench|\.ci)\/[^`\s]*)`/g),
      ];
      const linked = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)];
      const targets = [
        ...quoted.map(([, target = '']) => target),
        ...linked.map(([, target = '']) => normalize(join(dirname(path), target))),
      ];
      return missing(targets).map((target) => `${path}: ${target}`);
    });
    assert.deepEqual(wrong, []);
  });

  it('of the code to documents lead somewhere', () => {
    const wrong = sources.flatMap((path) => {
      const named = [...textOf(path).matchAll(/\bdocs\/[\w/-]+\.md\b/g)].map(([target]) => target);
      return missing(named).map((target) => `${path}: ${target}`);
    });
    assert.deepEqual(wrong, []);
  });

  it('of the code to sections of FORMATS lead somewhere', () => {
    const formats = textOf('docs/formats/ima-and-tpm-formats.md');
    const sections = new Set(
      [...formats.matchAll(/^##+ (\d+(?:\.\d+)?) /gm)].map(([, number]) => number),
    );
    const wrong = sources.flatMap((path) =>
      [...textOf(path).matchAll(/\bFORMATS (\d+(?:\.\d+)?)/g)].flatMap(([, number]) =>
        sections.has(number) ? [] : [`${path}: ${number}`],
      ),
    );
    assert.deepEqual(wrong, []);
  });

  it('to scripts name one that exists', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    const wrong = documents.flatMap((path) =>
      [...textOf(path).matchAll(/\bnpm run (?:-s )?([\w:]+)/g)].flatMap(([, name = '']) =>
        name in scripts ? [] : [`${path}: ${name}`],
      ),
    );
    assert.deepEqual(wrong, []);
  });

  it('decisions are numbered without gaps and dated', () => {
    const decisions = filesBelow('docs/decisions');
    const numbers = decisions.map(
      (path) => /^docs\/decisions\/(\d{4})-[a-z0-9-]+\.md$/.exec(path)?.[1],
    );
    const expected = decisions.map((_, index) => String(index + 1).padStart(4, '0'));
    assert.deepEqual(numbers, expected);
    for (const path of decisions)
      assert.match(textOf(path), /^# \d{4} .+\n\n\d{4}-\d\d-\d\d\n/, path);
  });
});

describe('the first screen', () => {
  const readme = textOf('README.md');

  it('shows what the command line prints, word for word', () => {
    const examples = examplesOf(readme);
    assert.ok(examples.length >= 2, 'an accepted and a refused example');
    for (const { command, printed } of examples) {
      assert.equal(runLine(command).stdout, printed, `${command}: npm run docs:tables`);
    }
  });

  it('has a quick start that works', { timeout: 120_000 }, () => {
    const [, quickStart = ''] = readme.split('## Quick start');
    const [, block = ''] = /```sh\n([\s\S]*?)```/.exec(quickStart) ?? [];
    const lines = block.trim().split('\n');
    assert.deepEqual(lines, ['npm ci && npm run demo', 'npm ci && npm test']);
    // Installing is done, and the second line is what runs this.
    const demo = runLine('npm run -s demo');
    assert.equal(demo.status, 0, demo.stderr);
    assert.match(demo.stdout, /affirming/);
    assert.match(demo.stdout, /contraindicated/);
  });

  it('names files that the command line reads', () => {
    const commands = [...readme.matchAll(/^npm run -s plumbline -- .*$/gm)].map(([line]) => line);
    assert.ok(commands.length > 0);
    for (const command of commands) {
      const { status, stderr } = runLine(command);
      assert.equal(status, 0, `${command}\n${stderr}`);
    }
  });
});

describe('the raw agent', () => {
  const script = textOf('docs/agents/raw-agent.sh');
  const document = textOf('docs/agents/README.md');

  it('is quoted word for word', () => {
    const sections = [...script.matchAll(/^# \[(?!end)(\w+)\]\n([\s\S]*?)^# \[end\]$/gm)];
    assert.ok(sections.length >= 5);
    for (const [, name, code = ''] of sections) {
      const quoted = `<!-- raw-agent.sh: ${name} -->\n\n\`\`\`bash\n${code}\`\`\`\n`;
      assert.ok(document.includes(quoted), `docs/agents/README.md: ${name}`);
    }
  });

  it('has all its settings told', () => {
    const read = [...script.matchAll(/\$\{?(PLUMBLINE_[A-Z_]+)/g)].map(([, name = '']) => name);
    const told = read.filter((name) => document.includes(`\`${name}\``));
    const forTests = ['PLUMBLINE_LIST', 'PLUMBLINE_BOOT_LOG', 'PLUMBLINE_BOOT_ID'];
    assert.deepEqual(new Set(read), new Set([...told, ...forTests]));
  });
});

describe('words', () => {
  it('docs name every algorithm that a bank can have', () => {
    const named = textOf('docs/evidence-bundle.md');
    const unnamed = HASH_ALGORITHMS.filter(({ name }) => !named.includes(`\`${name}\``));
    assert.deepEqual(unnamed, []);
  });
});

function missing(targets: readonly string[]): readonly string[] {
  // A path with a placeholder stands for many.
  const whole = targets.filter((target) => !/[*…<>]|NNNN|\bx\.test\.ts$/.test(target));
  return whole.filter((target) => !existsSync(join(ROOT, target)));
}
