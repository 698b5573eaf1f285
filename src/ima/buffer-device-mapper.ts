// The events of the device mapper: what was loaded, resumed, renamed, cleared and removed.
// kernel drivers/md/dm-ima.c; FORMATS 11.
//
// every event  "dm_version=" N.N.N ";" … and, but for dm_table_load, capacity at the end
// load         device ";" *( target )
// resume       device ";" [ "active_table_hash=" hash ";" ]  or  name ";device_resume=no_data;"
// remove       [ "device_active_metadata=" device ";" ] [ "device_inactive_metadata=" device ";" ]
//              [ "active_table_hash=" hash "," ] [ "inactive_table_hash=" hash "," ]
//              or name ";device_remove=no_data;", then "remove_all=" ( "y" / "n" ) ";"
// clear        device ";inactive_table_hash=" hash ";"  or  name ";table_clear=no_data;"
// rename       ( device ";" / "(null)" ) "new_name=" text ",new_uuid=" text ";"
// name         "name=" text ",uuid=" text
// device       name ",major=" N ",minor=" N ",minor_count=" N ",num_targets=" N
// target       "target_index=" N ",target_begin=" N ",target_len=" N "," [ pair *( "," pair ) ";" ]
// capacity     "current_device_capacity=" N ";"

import { type BufferText, type Phrase, pairPhrase, phrase } from './buffer-text.ts';

/** What a buffer says so far, and the rest of its text. */
export interface Telling {
  readonly text: BufferText;
  readonly values: Map<string, string>;
}

/** Readers of the buffers, by event; each throws MalformedError where the grammar is broken. Values
 *  stand under the kernel's keys; those of the tables that a removed device had under
 *  `device_active_metadata.` and `device_inactive_metadata.`, those of a target under
 *  `target.<its index>.`. Texts come without the kernel's backslashes. */
export const DEVICE_MAPPER_EVENTS: ReadonlyMap<string, (telling: Telling) => void> = new Map([
  ['dm_table_load', readLoad],
  ['dm_device_resume', readResume],
  ['dm_device_remove', readRemove],
  ['dm_table_clear', readClear],
  ['dm_device_rename', readRename],
]);

function readLoad(telling: Telling): void {
  takeAll(telling, [VERSION, ...DEVICE]);
  while (!telling.text.isAtEnd) readTarget(telling);
}

/** A target whose type says nothing ends with the comma behind its length. */
function readTarget(telling: Telling): void {
  const { text, values } = telling;
  const prefix = `target.${text.take(TARGET_INDEX)}.`;
  if (values.has(`${prefix}target_begin`)) text.fail('a target that was not told before');
  takeAll(telling, TARGET_PLACE, prefix);
  if (text.isAtEnd || text.tryTake(NEXT_TARGET) !== undefined) return;
  do {
    const key = `${prefix}${text.take(ATTRIBUTE_KEY)}`;
    if (values.has(key)) text.fail('an attribute that was not told before');
    values.set(key, unescaped(text.take(ATTRIBUTE_VALUE)));
  } while (text.take(ATTRIBUTE_END) === ',');
}

function readResume(telling: Telling): void {
  const { text, values } = telling;
  takeAll(telling, [VERSION, ...NAME]);
  if (text.tryTake(NO_DATA.resume) !== undefined) values.set('device_resume', 'no_data');
  else {
    takeAll(telling, NUMBERS);
    takeIf(telling, ['active_table_hash', pairPhrase('active_table_hash', HASH, ';')]);
  }
  takeAll(telling, [CAPACITY]);
}

function readRemove(telling: Telling): void {
  const { text, values } = telling;
  takeAll(telling, [VERSION]);
  for (const table of METADATA) {
    if (text.tryTake(table.phrase) !== undefined) takeAll(telling, DEVICE, `${table.key}.`);
  }
  for (const key of ['active_table_hash', 'inactive_table_hash']) {
    takeIf(telling, [key, pairPhrase(key, HASH, ',')]);
  }
  if (values.size === 1) {
    takeAll(telling, NAME);
    text.take(NO_DATA.remove);
    values.set('device_remove', 'no_data');
  }
  takeAll(telling, [REMOVE_ALL, CAPACITY]);
}

function readClear(telling: Telling): void {
  const { text, values } = telling;
  takeAll(telling, [VERSION, ...NAME]);
  if (text.tryTake(NO_DATA.clear) !== undefined) values.set('table_clear', 'no_data');
  else takeAll(telling, [...NUMBERS, INACTIVE_HASH]);
  takeAll(telling, [CAPACITY]);
}

/** A device without an active table has no data, and the kernel prints `(null)` for them. */
function readRename(telling: Telling): void {
  takeAll(telling, [VERSION]);
  if (telling.text.tryTake(NOTHING) === undefined) takeAll(telling, DEVICE);
  takeAll(telling, [...NEW_NAME, CAPACITY]);
}

/** A key, and the phrase that brings its value. */
type Entry = readonly [string, Phrase];

function takeAll({ text, values }: Telling, entries: readonly Entry[], prefix = ''): void {
  for (const [key, wanted] of entries) values.set(`${prefix}${key}`, unescaped(text.take(wanted)));
}

function takeIf({ text, values }: Telling, [key, wanted]: Entry): void {
  const value = text.tryTake(wanted);
  if (value !== undefined) values.set(key, value);
}

/** dm-ima.c: fix_separator_chars. */
function unescaped(value: string): string {
  return value.replace(/\\(.)/gs, '$1');
}

const N = '0|[1-9][0-9]{0,19}';
/** The kernel puts a backslash before each of these four where it stands in a name. */
const TEXT = '(?:[^\\0,;=\\\\]|\\\\[,;=\\\\])*';
const HASH = 'sha256:[0-9a-f]{64}';

const VERSION: Entry = ['dm_version', pairPhrase('dm_version', `(?:${N})(?:\\.(?:${N})){2}`, ';')];
const CAPACITY: Entry = ['current_device_capacity', pairPhrase('current_device_capacity', N, ';')];
const REMOVE_ALL: Entry = ['remove_all', pairPhrase('remove_all', '[yn]', ';')];
const NAME: readonly Entry[] = [
  ['name', pairPhrase('name', TEXT, ',')],
  ['uuid', pairPhrase('uuid', TEXT, '')],
];
const NUMBERS: readonly Entry[] = [
  ['major', pairPhrase(',major', N, '')],
  ['minor', pairPhrase(',minor', N, '')],
  ['minor_count', pairPhrase(',minor_count', N, '')],
  ['num_targets', pairPhrase(',num_targets', N, ';')],
];
const DEVICE: readonly Entry[] = [...NAME, ...NUMBERS];
const NEW_NAME: readonly Entry[] = [
  ['new_name', pairPhrase('new_name', TEXT, ',')],
  ['new_uuid', pairPhrase('new_uuid', TEXT, ';')],
];
const METADATA = ['device_active_metadata', 'device_inactive_metadata'].map((key) => ({
  key,
  phrase: phrase(`${key}=`, `${key}=…`),
}));
const NO_DATA = {
  resume: phrase(';device_resume=no_data;', ';device_resume=no_data;'),
  remove: phrase(';device_remove=no_data;', ';device_remove=no_data;'),
  clear: phrase(';table_clear=no_data;', ';table_clear=no_data;'),
} as const;
const NOTHING = phrase('\\(null\\)', '(null)');
const INACTIVE_HASH: Entry = ['inactive_table_hash', pairPhrase('inactive_table_hash', HASH, ';')];
const TARGET_INDEX = pairPhrase('target_index', N, ',');
const TARGET_PLACE: readonly Entry[] = [
  ['target_begin', pairPhrase('target_begin', N, ',')],
  ['target_len', pairPhrase('target_len', N, ',')],
];
const NEXT_TARGET = phrase('(?=target_index=)', 'target_index=…');
const ATTRIBUTE_KEY = phrase('([A-Za-z0-9_]+)=', 'key=…');
const ATTRIBUTE_VALUE = phrase(`(${TEXT})`, 'a value');
const ATTRIBUTE_END = phrase('([,;])', '"," or ";"');
