// @ts-check
// The layered graph that runs and benches share: 10 roots, nine layers of equal width, every fifth stage with a second parent.

/** sh stage.sh ID PARAMETER OUT PARENT...: one line in run.log, one small file from the checksum of the parents. */
export const stageScript = `id=$1; p=$2; out=$3; shift 3
echo "$id" >> run.log
echo "$id p=$p $(cat /dev/null "$@" | cksum)" > "$out"
`;

/**
 * @typedef {{ id: string, parents: string[] }} Stage
 * @param {number} count
 * @returns {Stage[]} parents first
 */
export function layeredGraph(count) {
  const roots = Math.min(10, count);
  /** @type {Stage[][]} */
  const layers = [Array.from({ length: roots }, (_, index) => ({ id: `s${index}`, parents: [] }))];
  const rest = count - roots;
  let next = roots;
  for (let layer = 0; layer < 9; layer += 1) {
    const above = layers.at(-1) ?? [];
    const width = Math.floor(rest / 9) + (layer < rest % 9 ? 1 : 0);
    const stages = Array.from({ length: width }, (_, index) => {
      const first = above[index % above.length]?.id ?? '';
      const second = above[(index * 7 + 3) % above.length]?.id ?? '';
      return { id: `s${next + index}`, parents: index % 5 === 0 && second !== first ? [first, second] : [first] };
    });
    next += width;
    if (width > 0) layers.push(stages);
  }
  return layers.flat();
}

/**
 * An experiment that writes every stage out.
 * @param {Stage[]} stages
 */
export function writtenOut(stages) {
  const lines = stages.map(({ id, parents }) => {
    const inputs = parents.map((parent, index) => `p${index}: ${parent}.out`).join(', ');
    const paths = parents.map((_, index) => ` {input.p${index}}`).join('');
    return `  ${id}: { kind: command, run: "sh stage.sh ${id} 1 {output.out}${paths}", inputs: { ${inputs} }, outputs: [out], files: [stage.sh] }`;
  });
  return `name: layered\nstages:\n${lines.join('\n')}\n`;
}

/**
 * The same kind of graph made by a grid: one root that varies, `base - 1` stages behind it, `values` times.
 * @param {number} base @param {number} values
 */
export function varied(base, values) {
  const stages = layeredGraph(base - 1).map(({ id, parents }) => ({
    id,
    parents: parents.length === 0 ? ['seed'] : parents,
  }));
  const seed =
    '  seed: { kind: command, run: "sh stage.sh seed \\"$VALUE\\" {output.out}", env: { VALUE: "0" }, outputs: [out], files: [stage.sh] }';
  const grid = Array.from({ length: values }, (_, value) => `"${value}"`).join(', ');
  const rest = writtenOut(stages).split('stages:\n')[1];
  return `name: varied\nstages:\n${seed}\n${rest}vary: { seed.env.VALUE: [${grid}] }\n`;
}
