// The strict grammar of each known event: what the kernel writes, and what is one byte away from
// it. FORMATS 7.1, 11; kernel drivers/md/dm-ima.c, security/selinux/ima.c.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { knownEvent, readBufferEvent } from '../../src/ima/buffer-grammar.ts';
import { EVIDENCE_FOLDER } from '../captures/load-capture.ts';
import { ascii, draftOf, splitRecords } from '../property/list-writer.ts';

const HASH = `sha256:${'ab'.repeat(32)}`;
const DEVICE = 'name=vg-root,uuid=LVM-1,major=253,minor=0,minor_count=1,num_targets=2;';
const CAPACITY = 'current_device_capacity=16;';
const DM = 'dm_version=4.50.0;';
const TARGETS =
  'target_index=0,target_begin=0,target_len=8,target_name=verity,target_version=1.8.0,salt=-;' +
  'target_index=1,target_begin=8,target_len=8,target_name=linear,target_version=1.4.0,start=8;';

type Says = Readonly<Record<string, string>>;

/** What kernels write, and a few of the values in it. */
const WRITTEN: readonly (readonly [event: string, text: string, says: Says])[] = [
  ['kernel_version', '7.3.4+deb13-amd64', { release: '7.3.4+deb13-amd64' }],
  ['kexec-cmdline', 'root=/dev/sda1 quiet', { text: 'root=/dev/sda1 quiet' }],
  ['kexec_load', kexec(3), { ima_runtime_measurements_count: '3' }],
  ['kexec_execute', kexec(4), { ima_runtime_measurements_count: '4' }],
  ['selinux-state', selinux(1), { enforcing: '1' }],
  [
    'selinux-state',
    `${selinux(0)}open_perms=1;cgroup_seclabel=0;`,
    { enforcing: '0', open_perms: '1', cgroup_seclabel: '0' },
  ],
  ['ima_policy_loaded', 'measure func=KEY_CHECK \ndont_measure fsmagic=0x9fa0 \n', { rules: '2' }],
  ['ima_policy_written', 'measure func=KEY_CHECK\n', {}],
  ['ima_policy_written', '/etc/ima/ima-policy', {}],
  ['init_module', '\x03'.repeat(32), {}],
  ['selinux-policy-hash', 'h'.repeat(48), {}],
  ['blacklisted-hash', 'h'.repeat(20), {}],
  [
    'dm_table_load',
    DM + DEVICE + TARGETS,
    { dm_version: '4.50.0', uuid: 'LVM-1', 'target.0.salt': '-', 'target.1.start': '8' },
  ],
  ['dm_table_load', DM + DEVICE, { num_targets: '2' }],
  [
    // A target whose type says nothing about itself, before another one.
    'dm_table_load',
    `${DM}${DEVICE}target_index=7,target_begin=0,target_len=8,${TARGETS}`,
    { 'target.7.target_len': '8', 'target.0.target_begin': '0' },
  ],
  ['dm_table_load', `${DM}${DEVICE}target_index=0,target_begin=0,target_len=8,`, {}],
  [
    'dm_table_load',
    `${DM}name=a\\,b\\=c\\;d\\\\e,uuid=,major=1,minor=2,minor_count=1,num_targets=0;`,
    { name: 'a,b=c;d\\e', uuid: '' },
  ],
  [
    'dm_device_resume',
    `${DM}${DEVICE}active_table_hash=${HASH};${CAPACITY}`,
    { active_table_hash: HASH, current_device_capacity: '16' },
  ],
  [
    'dm_device_resume',
    `${DM}name=a,uuid=;device_resume=no_data;${CAPACITY}`,
    { name: 'a', device_resume: 'no_data' },
  ],
  [
    'dm_device_remove',
    `${DM}device_active_metadata=${DEVICE}device_inactive_metadata=${DEVICE}` +
      `active_table_hash=${HASH},inactive_table_hash=${HASH},remove_all=y;${CAPACITY}`,
    { 'device_inactive_metadata.name': 'vg-root', inactive_table_hash: HASH, remove_all: 'y' },
  ],
  [
    'dm_device_remove',
    `${DM}name=a,uuid=;device_remove=no_data;remove_all=n;${CAPACITY}`,
    { name: 'a', device_remove: 'no_data', remove_all: 'n' },
  ],
  [
    'dm_table_clear',
    `${DM}${DEVICE}inactive_table_hash=${HASH};${CAPACITY}`,
    { inactive_table_hash: HASH },
  ],
  [
    'dm_table_clear',
    `${DM}name=a,uuid=b;table_clear=no_data;${CAPACITY}`,
    { table_clear: 'no_data' },
  ],
  [
    'dm_device_rename',
    `${DM}${DEVICE}new_name=vg-swap,new_uuid=;${CAPACITY}`,
    { name: 'vg-root', new_name: 'vg-swap' },
  ],
  ['dm_device_rename', `${DM}(null)new_name=b,new_uuid=;${CAPACITY}`, { new_name: 'b' }],
];

/** What no kernel writes, and the byte at which that shows. */
const NEVER_WRITTEN: readonly (readonly [event: string, text: string, byte: number])[] = [
  ['kernel_version', '', 0],
  ['kernel_version', '7.3 4', 3],
  ['kernel_version', 'v'.repeat(65), 64],
  ['kexec-cmdline', '', 0],
  ['kexec-cmdline', '\x03\x02root=/dev/sda1', 0],
  ['kexec-cmdline', 'root=\0', 5],
  ['kexec_load', kexec(3).replace('=3', '=03'), kexec(3).lastIndexOf('ima_')],
  ['kexec_load', `${kexec(3)}x`, kexec(3).length],
  ['selinux-state', 'enforcing=1;', 0],
  ['selinux-state', selinux(2), 'initialized=1;'.length],
  ['selinux-state', `${selinux(1)}open_perms=1;open_perms=0;`, selinux(1).length + 24],
  ['selinux-state', `${selinux(1)}open_perms`, selinux(1).length],
  ['ima_policy_loaded', '', 0],
  ['ima_policy_loaded', 'measure func=KEY_CHECK \nmeasures all\n', 24],
  ['ima_policy_loaded', 'measure func=KEY_CHECK ', 0],
  ['ima_policy_written', '', 0],
  ['ima_policy_written', '\x03\x02\x04', 0],
  ['ima_policy_written', '\x05\x02\x04', 0],
  ['ima_policy_written', '\x06\x03\x04', 0],
  ['init_module', 'h'.repeat(33), 0],
  ['init_module', '', 0],
  ['dm_table_load', DEVICE, 0],
  ['dm_table_load', DM, DM.length],
  ['dm_table_load', `${DM}${DEVICE}x`, DM.length + DEVICE.length],
  ['dm_table_load', DM + DEVICE + TARGETS + TARGETS, (DM + DEVICE + TARGETS).length + 15],
  ['dm_table_load', `${DM}${DEVICE}${TARGETS.slice(0, -1)}`, (DM + DEVICE + TARGETS).length - 1],
  ['dm_table_load', DM + DEVICE.replace('vg-root', 'vg=root'), DM.length],
  ['dm_table_load', `${DM}${DEVICE}${' '.repeat(4096)}`, 0],
  ['dm_device_resume', DM + DEVICE, DM.length + DEVICE.length],
  ['dm_device_resume', `${DM}name=a,uuid=;device_remove=no_data;${CAPACITY}`, DM.length + 12],
  ['dm_device_remove', `${DM}remove_all=n;${CAPACITY}`, DM.length],
  ['dm_table_clear', `${DM}${DEVICE}${CAPACITY}`, DM.length + DEVICE.length],
  ['dm_device_rename', `${DM}new_name=b,new_uuid=;${CAPACITY}`, DM.length],
];

describe('readBufferEvent', () => {
  for (const [event, text, says] of WRITTEN) {
    it(`reads ${event} ${JSON.stringify(text).substring(0, 60)}`, () => {
      const reading = readBufferEvent(event, ascii(text));
      assert.ok(reading?.ok, JSON.stringify(reading));
      const { values } = reading.value;
      const found = Object.fromEntries(Object.keys(says).map((key) => [key, values.get(key)]));
      assert.deepEqual(found, says);
    });
  }

  for (const [event, text, byte] of NEVER_WRITTEN) {
    it(`refuses ${event} ${JSON.stringify(text).substring(0, 60)} at byte ${byte}`, () => {
      const reading = readBufferEvent(event, ascii(text), 1000);
      assert.ok(reading?.ok === false);
      assert.equal(reading.malformed.offsetBytes, 1000 + byte);
    });
  }

  it('knows no other name', () => {
    for (const name of ['.ima', '_uid.0', 'Kernel_version', 'kernel_version ', 'constructor', '']) {
      assert.equal(readBufferEvent(name, ascii('x')), undefined);
    }
  });

  it('tells every text event from a field of signatures', () => {
    const names = new Set(WRITTEN.map(([event]) => event));
    const text = [...names].filter((name) => knownEvent(name)?.nature === 'text');
    assert.ok(text.length > 9);
    const rest = fc.uint8Array({ maxLength: 64 });
    const property = fc.property(fc.constantFrom(...text), rest, (name, bytes) => {
      for (const type of [3, 5, 6]) {
        assert.equal(readBufferEvent(name, Uint8Array.of(type, ...bytes))?.ok, false, name);
      }
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('never throws, and says no more than the buffer holds', () => {
    const edited = fc
      .tuple(fc.constantFrom(...WRITTEN), fc.nat(), fc.string({ maxLength: 4 }))
      .map(([[event, text], at, put]): [string, Uint8Array] => {
        const place = at % (text.length + 1);
        return [event, ascii(text.substring(0, place) + put + text.substring(place + put.length))];
      });
    const wild = fc.tuple(fc.constantFrom(...WRITTEN.map(([event]) => event)), fc.uint8Array());
    const property = fc.property(fc.oneof(edited, wild), ([event, buffer]) => {
      const reading = readBufferEvent(event, buffer);
      if (reading?.ok !== true) return;
      assert.ok(reading.value.values.size <= buffer.byteLength);
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('takes time that grows with the buffer and not faster', () => {
    const long = ascii(
      `${selinux(1)}${Array.from({ length: 60_000 }, (_, n) => `c${n}=1;`).join('')}`,
    );
    assert.equal(readBufferEvent('selinux-state', long)?.ok, true);
    const rules = ascii('measure func=KEY_CHECK \n'.repeat(40_000));
    assert.equal(readBufferEvent('ima_policy_loaded', rules)?.ok, true);
  });
});

describe('events of capture 03-ima-buf', () => {
  const file = path.join(EVIDENCE_FOLDER, '03-ima-buf/q02-ecdsa-pcr10/binary_runtime_measurements');
  const records = splitRecords(new Uint8Array(readFileSync(file))).map(draftOf);
  const buffers = records.flatMap(({ template, fields: [, name, buffer] }, index) => {
    if (template !== 'ima-buf' || name === undefined || buffer === undefined) return [];
    return [{ index, name: Buffer.from(name).toString('latin1').slice(0, -1), buffer }];
  });

  it('keep their grammar, but for the keys', () => {
    const keys = buffers.filter(({ name }) => knownEvent(name) === undefined);
    assert.deepEqual(
      keys.map(({ index, name }) => [index, name]),
      [
        [74, '.builtin_trusted_keys'],
        [77, '_uid.0'],
        [78, '_uid.0'],
        [79, '_ima'],
      ],
    );
    for (const { index, name, buffer } of buffers) {
      assert.notEqual(readBufferEvent(name, buffer)?.ok, false, `${index} ${name}`);
    }
  });

  const said: readonly (readonly [index: number, name: string, says: Says])[] = [
    [1, 'kernel_version', { release: '7.3.4+deb13-amd64' }],
    [63, 'ima_policy_written', {}],
    [75, 'ima_policy_loaded', { rules: '11' }],
    [86, 'dm_table_load', { name: 'labA', 'target.0.target_name': 'linear', major: '253' }],
    [87, 'dm_device_resume', { name: 'labA', current_device_capacity: '8192' }],
    [92, 'dm_device_rename', { name: 'labB', new_name: 'labC' }],
    [93, 'dm_device_remove', { 'device_active_metadata.name': 'labC', remove_all: 'n' }],
    [104, 'kexec-cmdline', { text: 'root=/dev/lab quiet lab=kexec-cmdline-1' }],
  ];
  for (const [index, name, says] of said) {
    it(`say at ${index}: ${name} ${JSON.stringify(says)}`, () => {
      const event = buffers.find((each) => each.index === index);
      assert.equal(event?.name, name);
      const reading = readBufferEvent(name, event?.buffer ?? new Uint8Array());
      assert.ok(reading?.ok);
      const { values } = reading.value;
      for (const [key, value] of Object.entries(says)) assert.equal(values.get(key), value);
    });
  }
});

function kexec(count: number): string {
  const sizes = 'kexec_segment_size=8192;ima_binary_runtime_size=512';
  return `${sizes};ima_runtime_measurements_count=${count};`;
}

function selinux(enforcing: number): string {
  return `initialized=1;enforcing=${enforcing};checkreqprot=0;`;
}
