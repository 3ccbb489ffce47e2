/** An experiment of three rows, of which `Broken` fails; `train`: the commands of its training, a line each, which see RATE. */
export function threeRows(name: string, train: readonly string[]): string {
  return `
name: ${name}
stages:
  data: { kind: command, run: 'echo data > {output.out}', outputs: [out] }
  train:
    kind: command
    run: |
${train.map((line) => `      ${line}`).join('\n')}
      test $RATE != 2 || { echo out of memory; exit 3; }
      echo $RATE > {output.model}
    inputs: { data: data }
    outputs: [model]
    env: { RATE: '1' }
  score:
    kind: command
    run: 'echo "{\\"accuracy\\": 5$(cat {input.model}).5}" > {output.scores}'
    inputs: { model: train }
    outputs: [scores]
    metrics: scores
rows:
  Baseline: {}
  Broken: { train.env.RATE: '2' }
  Better: { train.env.RATE: '3' }
table: { columns: [{ stage: score, metric: accuracy, label: Acc }], baseline: Baseline }
`;
}
