// The catalogue of buffer events: for each name the label that its rule has, whether its bytes are
// text, and the strict grammar of its buffer. FORMATS 7.1, 11.

import { IMA_LIMITS } from '../bytes/limits.ts';
import { ByteReader, type Reading, readAtDoor } from '../bytes/reader.ts';
import { DEVICE_MAPPER_EVENTS, type Telling } from './buffer-device-mapper.ts';
import { BufferText, type Phrase, pairPhrase, phrase } from './buffer-text.ts';
import { KERNEL_HASH_SIZES } from './hash-names.ts';

/** What the catalogue knows of an event. */
export interface KnownEvent {
  /** Label of the CRITICAL_DATA rule that enables it; undefined where another kind of rule does. */
  readonly label: string | undefined;
  /** Whether every buffer of it is told from a `sig` field by its bytes. Where it is not, a file
   *  record that was relabelled can pass for the event, and its presence proves nothing. */
  readonly nature: 'text' | 'binary';
  /** Values that its buffer brings, as a pattern of the key and one of the value. */
  readonly data: readonly EventDatum[];
}

/** One value that a buffer may bring. */
export interface EventDatum {
  readonly key: RegExp;
  readonly value: RegExp;
}

/** What a buffer says. */
export interface BufferEvent {
  /** Values by key, as Latin text, one character a byte. Never more values than bytes. */
  readonly values: ReadonlyMap<string, string>;
}

/** What is known of the event `name`; undefined for any other name, which may be a keyring's. */
export function knownEvent(name: string): KnownEvent | undefined {
  return CATALOGUE.get(name);
}

/** Names of the events that a CRITICAL_DATA rule with `label` enables; empty for other labels. */
export function eventsOfLabel(label: string): readonly string[] {
  return [...CATALOGUE].flatMap(([name, event]) => (event.label === label ? [name] : []));
}

/** Reads the buffer of the event `name`; undefined when the name is not in the catalogue. The
 *  caller has checked that the buffer is bound. `offsetBytes` is where the buffer stands in the
 *  attester's bytes. */
export function readBufferEvent(
  name: string,
  buffer: Uint8Array,
  offsetBytes = 0,
): Reading<BufferEvent> | undefined {
  const entry = CATALOGUE.get(name);
  if (entry === undefined) return undefined;
  return readAtDoor(() => {
    const origin = { baseBytes: offsetBytes, prefix: 'buf.' };
    const values = new Map<string, string>();
    entry.read(new ByteReader(buffer, 'little', origin), values);
    return { values };
  });
}

interface Entry extends KnownEvent {
  readonly read: (reader: ByteReader, values: Map<string, string>) => void;
}

/** An event of text. No text grammar takes 03, 05 or 06 as its first byte, which every `sig` field
 *  has. */
function textEvent(
  label: string | undefined,
  capBytes: number,
  told: {
    readonly data: readonly EventDatum[];
    readonly read: (telling: Telling) => void;
  },
): Entry {
  return {
    label,
    nature: 'text',
    data: told.data,
    read: (reader, values) => {
      checkCap(reader, capBytes);
      const text = new BufferText(reader);
      told.read({ text, values });
      text.end();
    },
  };
}

/** An event whose buffer is a digest: its length is all that there is to check. */
function digestEvent(label: string | undefined): Entry {
  return {
    label,
    nature: 'binary',
    data: [],
    read: (reader) => {
      const lengthBytes = reader.leftBytes;
      if (!DIGEST_SIZES.has(lengthBytes)) {
        reader.fail('bad-value', 'bytes', {
          expected: 'as many bytes as a digest has',
          actual: `${lengthBytes} bytes`,
        });
      }
      reader.take(lengthBytes, 'bytes');
    },
  };
}

function checkCap(reader: ByteReader, capBytes: number): void {
  if (reader.leftBytes <= capBytes) return;
  reader.fail('over-cap', 'text', {
    expected: `at most ${capBytes} bytes`,
    actual: `${reader.leftBytes} bytes`,
  });
}

/** Reads the whole buffer as one phrase, under `key` where there is one. */
function wholeText(wanted: Phrase, key?: string) {
  return ({ text, values }: Telling): void => {
    const value = text.take(wanted);
    if (key !== undefined) values.set(key, value);
  };
}

/** `initialized=%d;enforcing=%d;checkreqprot=%d;`, then policy capabilities, each once.
 *  kernel security/selinux/ima.c: selinux_ima_collect_state. */
function readSelinuxState({ text, values }: Telling): void {
  for (const key of SELINUX_STATES) values.set(key, text.take(pairPhrase(key, '[01]', ';')));
  while (!text.isAtEnd) {
    const key = text.take(CAPABILITY_KEY);
    if (values.has(key)) text.fail('a capability that was not told before');
    values.set(key, text.take(CAPABILITY_STATE));
  }
}

/** The active rules, one a line, as the policy file shows them.
 *  kernel security/integrity/ima/ima_policy.c: ima_measure_loaded_policy. */
function readLoadedPolicy({ text, values }: Telling): void {
  let rules = 0;
  do {
    text.take(POLICY_RULE);
    rules += 1;
  } while (!text.isAtEnd);
  values.set('rules', `${rules}`);
}

/** kernel security/integrity/ima/ima_kexec.c: ima_measure_kexec_event. */
function readKexec({ text, values }: Telling): void {
  for (const key of KEXEC_KEYS) values.set(key, text.take(pairPhrase(key, KEXEC_NUMBER, ';')));
}

const DIGEST_SIZES: ReadonlySet<number> = new Set(KERNEL_HASH_SIZES.values());
const BIT = /^[01]$/;
const NUMBER = /^(?:0|[1-9][0-9]{0,19})$/;
const ANY = /^/;
const HASH = /^sha256:[0-9a-f]{64}$/;

const RELEASE = phrase('([!-~]{1,64})', 'a kernel release');
const COMMAND_LINE = phrase('([\\t\\n\\x20-\\x7e\\x80-\\xff]+)', 'a command line');
const WRITTEN_POLICY = phrase('[^\\x03\\x05\\x06][^]*', 'what was written to the policy');
const POLICY_RULE = phrase(
  '(?:measure|dont_measure|appraise|dont_appraise|audit|hash|dont_hash)' +
    ' [\\x20-\\x7e\\x80-\\xff]*\\n',
  'a policy rule and its end of line',
);
const SELINUX_STATES = ['initialized', 'enforcing', 'checkreqprot'];
const CAPABILITY_KEY = phrase('([a-z0-9_]+)=', 'capability=…;');
const CAPABILITY_STATE = phrase('([01]);', '0; or 1;');
const KEXEC_KEYS = [
  'kexec_segment_size',
  'ima_binary_runtime_size',
  'ima_runtime_measurements_count',
];
const KEXEC_NUMBER = '0|[1-9][0-9]{0,15}';

/** Policy capabilities up to Linux 7.3. security/selinux/include/policycap_names.h */
const SELINUX_CAPABILITIES = [
  'network_peer_controls',
  'open_perms',
  'extended_socket_class',
  'always_check_network',
  'cgroup_seclabel',
  'nnp_nosuid_transition',
  'genfs_seclabel_symlinks',
  'ioctl_skip_cloexec',
  'userspace_initial_context',
  'netlink_xperm',
  'netif_wildcard',
  'genfs_seclabel_wildcard',
  'functionfs_seclabel',
  'memfd_class',
];

/** A datum of any of `keys`. */
function datum(keys: readonly string[], value: RegExp): EventDatum {
  return { key: new RegExp(`^(?:${keys.join('|')})$`), value };
}

const DEVICE_DATA: readonly EventDatum[] = [
  { key: /^dm_version$/, value: /^[0-9]+\.[0-9]+\.[0-9]+$/ },
  datum(['name', 'uuid'], ANY),
];
const DEVICE_NUMBERS = datum(['major', 'minor', 'minor_count', 'num_targets'], NUMBER);
const CAPACITY = datum(['current_device_capacity'], NUMBER);

/** Attributes of a target are those of its type: any key may be one. */
const TARGET_DATA: readonly EventDatum[] = [
  { key: /^target\.(?:0|[1-9][0-9]*)\.target_(?:begin|len)$/, value: NUMBER },
  { key: /^target\.(?:0|[1-9][0-9]*)\.[A-Za-z0-9_]+$/, value: ANY },
];
const METADATA = 'device_(?:in)?active_metadata\\.';

const DEVICE_MAPPER_DATA: Readonly<Record<string, readonly EventDatum[]>> = {
  dm_table_load: [...DEVICE_DATA, DEVICE_NUMBERS, ...TARGET_DATA],
  dm_device_resume: [
    ...DEVICE_DATA,
    DEVICE_NUMBERS,
    datum(['active_table_hash'], HASH),
    datum(['device_resume'], /^no_data$/),
    CAPACITY,
  ],
  dm_device_remove: [
    ...DEVICE_DATA,
    datum([`${METADATA}(?:name|uuid)`], ANY),
    datum([`${METADATA}(?:major|minor|minor_count|num_targets)`], NUMBER),
    datum(['active_table_hash', 'inactive_table_hash'], HASH),
    datum(['device_remove'], /^no_data$/),
    datum(['remove_all'], /^[yn]$/),
    CAPACITY,
  ],
  dm_table_clear: [
    ...DEVICE_DATA,
    DEVICE_NUMBERS,
    datum(['inactive_table_hash'], HASH),
    datum(['table_clear'], /^no_data$/),
    CAPACITY,
  ],
  dm_device_rename: [
    ...DEVICE_DATA,
    DEVICE_NUMBERS,
    datum(['new_name', 'new_uuid'], ANY),
    CAPACITY,
  ],
};

const { bufferBytes, deviceMapperBytes, policyWriteBytes } = IMA_LIMITS;
const KEXEC = textEvent('ima_kexec', bufferBytes, {
  data: [datum(KEXEC_KEYS, NUMBER)],
  read: readKexec,
});

const CATALOGUE: ReadonlyMap<string, Entry> = new Map([
  [
    'kernel_version',
    textEvent('kernel_info', bufferBytes, {
      data: [datum(['release'], /^[!-~]{1,64}$/)],
      read: wholeText(RELEASE, 'release'),
    }),
  ],
  ['kexec_load', KEXEC],
  ['kexec_execute', KEXEC],
  [
    'kexec-cmdline',
    textEvent(undefined, bufferBytes, {
      data: [datum(['text'], ANY)],
      read: wholeText(COMMAND_LINE, 'text'),
    }),
  ],
  [
    'ima_policy_loaded',
    textEvent('ima_policy', bufferBytes, {
      data: [datum(['rules'], NUMBER)],
      read: readLoadedPolicy,
    }),
  ],
  [
    'ima_policy_written',
    textEvent(undefined, policyWriteBytes, { data: [], read: wholeText(WRITTEN_POLICY) }),
  ],
  [
    'selinux-state',
    textEvent('selinux', bufferBytes, {
      data: [datum([...SELINUX_STATES, ...SELINUX_CAPABILITIES], BIT)],
      read: readSelinuxState,
    }),
  ],
  ['selinux-policy-hash', digestEvent('selinux')],
  ['init_module', digestEvent('modules')],
  ['blacklisted-hash', digestEvent(undefined)],
  ...[...DEVICE_MAPPER_EVENTS].map(([name, read]): [string, Entry] => {
    const data = DEVICE_MAPPER_DATA[name] ?? [];
    return [name, textEvent('device-mapper', deviceMapperBytes, { data, read })];
  }),
]);
