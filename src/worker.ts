import { serve, serveOne } from './job/serve.ts';
import { kinds } from './stages/kinds.ts';

const [folder] = process.argv.slice(2);
if (folder !== undefined) process.exitCode = await serveOne(folder, kinds);
else if (process.connected) serve(kinds);
else {
  process.stderr.write('usage: worker.js JOB_FOLDER (or started by a runner)\n');
  process.exitCode = 2;
}
