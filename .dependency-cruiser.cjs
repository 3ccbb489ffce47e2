// The borders of the house: each rule says in its comment what would be lost without it.
const heavy = '^node_modules/(@tensorflow|sharp|@img|@huggingface)/';
const modelHalf = '^src/(nn|train|data|labels|model|export|benchmarks|judge|engine|world)/';
const experimentHalf = '^src/(spec|graph|plan|run|executors|store|report|ui|cli)(/|\\.ts)';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'planning-never-loads-tensors',
      comment:
        'validate, plan and a run with nothing to do answer at once: the experiment half loads no tensor library.',
      severity: 'error',
      from: { path: experimentHalf },
      to: { path: [heavy, '^src/(nn|train|data|engine|world)/'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'models-know-nothing-of-experiments',
      comment: 'The model half has never heard of YAML, plans or stores.',
      severity: 'error',
      from: { path: modelHalf },
      to: {
        path: [
          experimentHalf,
          '^src/(job|stages)/',
          '^src/(worker|cli)\\.ts$',
          '^node_modules/(yaml|graphology|ink|commander)/',
        ],
      },
    },
    {
      name: 'kinds-are-strangers',
      comment: 'A stage kind meets another only through the files that one writes and the other reads.',
      severity: 'error',
      from: { path: '^src/stages/([^/]+)/' },
      to: { path: '^src/stages/[^/]+/', pathNot: '^src/stages/$1/' },
    },
    {
      name: 'declarations-stay-light',
      comment: 'kind.ts declares; what it needs for its work is loaded when it works.',
      severity: 'error',
      from: { path: '^src/stages/[^/]+/kind\\.ts$' },
      to: { path: ['/run\\.ts$', heavy, '^src/engine/'], dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'pure-folders',
      comment: 'No files, processes or network where text becomes a plan and numbers become a table.',
      severity: 'error',
      from: { path: '^src/(spec|graph|plan|report|nn)/' },
      to: {
        dependencyTypes: ['core'],
        path: '^(node:)?(fs|fs/promises|child_process|net|http|https|http2|dgram|dns|tls|worker_threads|cluster|process)$',
      },
    },
    {
      name: 'one-door-ink',
      comment: 'The terminal view can be replaced without touching anything else.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/ui/' },
      to: { path: '^node_modules/(ink|react)/' },
    },
    {
      name: 'one-door-sqlite',
      comment: 'One folder knows what the store is written in.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(store|doctor\\.ts)' },
      to: { path: '^node_modules/better-sqlite3/' },
    },
    {
      name: 'one-door-backends',
      comment: 'Models are written against tfjs-core; what computes them is chosen in one place.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/engine/' },
      to: { path: '^node_modules/@tensorflow/', pathNot: '^node_modules/@tensorflow/tfjs-core/' },
    },
    {
      name: 'one-door-vega',
      comment: 'What draws charts takes a second to load: one file draws, and it is loaded when something is drawn.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/report/figures/svg\\.ts$' },
      to: { path: '^node_modules/(vega|vega-lite)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'charts-are-drawn-when-asked',
      comment: 'The same, from the other side: who draws imports it when it draws.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/report/figures/svg\\.ts$', dynamic: false },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file or three.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only', 'dynamic-import'] } },
    },
    {
      name: 'nothing-dangling',
      comment: 'An import that resolves to nothing works only by accident.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
