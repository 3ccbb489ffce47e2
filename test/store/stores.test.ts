import { createMemoryStore } from '../../src/store/memory.ts';
import { openStore } from '../../src/store/sqlite.ts';
import { storeSuite } from '../seams/store.ts';

storeSuite('SQLite', (root) => openStore(root, 'write'));
storeSuite('memory', createMemoryStore);
