import type { Argument, Command, Option } from 'commander';

/** What the names in a command line may be, asked for only when they are needed. */
export type Names = Readonly<{
  rows(file: string): Promise<readonly string[]>;
  /** heads of the columns of its tables */
  columns(file: string): Promise<readonly string[]>;
  /** ids and names of the stages of an experiment; without a file, of what the cache holds */
  stages(file: string | undefined): Promise<readonly string[]>;
  kinds(): Promise<readonly string[]>;
  /** experiment files and folders whose path begins so */
  files(prefix: string): readonly string[];
}>;

/**
 * What may stand in place of the last of `words`, the words of a command line from the program's name on. Empty where
 * the command line takes any text or path there.
 */
export async function complete(program: Command, words: readonly string[], names: Names): Promise<readonly string[]> {
  const given = words.slice(1, -1);
  const last = words.at(-1) ?? '';
  const at = indexOfCommand(program, given);
  const command = program.commands.find((one) => one.name() === given[at]);
  const scope = command === undefined ? [program] : [command, program];
  const options = scope.flatMap((one) => one.options);
  const { positional, open } = readWords(given.slice(at + 1), options);
  const file = given.find((word) => /\.ya?ml$/.test(word));
  const matching = (found: readonly string[]): readonly string[] =>
    [...new Set(found)].filter((one) => one.startsWith(last));
  // an option that takes any number of values may also be followed by the next option
  if (last.startsWith('-') && !takesValue(options, given.at(-1))) return matching([...options.map(nameOf), '--help']);
  if (open !== undefined) return matching(await valuesOf(open, open.name(), file, last, names));
  if (at < 0) return matching(program.commands.map((one) => one.name()));
  const wanted = argumentAt(command?.registeredArguments ?? [], positional);
  return wanted === undefined ? [] : matching(await valuesOf(wanted, wanted.name(), file, last, names));
}

/** Position of the command's name; -1 while it is not written. */
function indexOfCommand(program: Command, words: readonly string[]): number {
  return words.findIndex((word, i) => !word.startsWith('-') && !takesValue(program.options, words[i - 1]));
}

function takesValue(options: readonly Option[], word: string | undefined): boolean {
  return word !== undefined && options.some((option) => isCalled(option, word) && option.required);
}

/** How many positional words there are, and the option whose value would come next. */
function readWords(
  words: readonly string[],
  options: readonly Option[],
): Readonly<{ positional: number; open?: Option }> {
  let positional = 0;
  let open: Option | undefined;
  for (const word of words) {
    const option = options.find((one) => isCalled(one, word));
    if (option !== undefined) open = option.required || option.optional ? option : undefined;
    else if (open === undefined) positional += word.startsWith('-') ? 0 : 1;
    else if (!open.variadic) open = undefined;
  }
  return { positional, ...(open === undefined ? {} : { open }) };
}

function argumentAt(list: readonly Argument[], position: number): Argument | undefined {
  const last = list.at(-1);
  return list[position] ?? (last?.variadic === true ? last : undefined);
}

const isCalled = ({ long, short }: Option, word: string): boolean => word === long || word === short;
const nameOf = (option: Option): string => option.long ?? option.flags;

async function valuesOf(
  { argChoices }: Readonly<{ argChoices?: readonly string[] | undefined }>,
  name: string,
  file: string | undefined,
  prefix: string,
  names: Names,
): Promise<readonly string[]> {
  if (argChoices !== undefined) return argChoices;
  switch (name) {
    case 'file':
      return names.files(prefix);
    case 'side':
      return file === undefined ? names.files(prefix) : [...(await names.rows(file)), ...names.files(prefix)];
    case 'row':
      return file === undefined ? [] : names.rows(file);
    case 'of':
      return file === undefined ? [] : [...(await names.rows(file)), ...(await names.stages(file))];
    case 'column':
      return file === undefined ? [] : names.columns(file);
    case 'stage':
    case 'force':
    case 'labels':
    case 'truth':
      return names.stages(file);
    case 'kind':
      return names.kinds();
    default:
      return [];
  }
}
