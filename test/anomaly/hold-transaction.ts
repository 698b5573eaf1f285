// A process that commits one mark, writes a second in a transaction, says so, and waits for its
// end. Argument: the data folder.

import { openEmbedded } from '../../src/store/embedded.ts';

const database = await openEmbedded(process.argv[2] ?? '');
await database.script('CREATE TABLE marks (id int); INSERT INTO marks VALUES (1)');
await database.transaction(async (queries) => {
  await queries.run('INSERT INTO marks VALUES (2)', []);
  process.stdout.write('held\n');
  await new Promise((resolve) => setTimeout(resolve, 60_000));
});
