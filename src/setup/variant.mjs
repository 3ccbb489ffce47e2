// @ts-check
import { nvidiaGpus } from './programs.mjs';

export const tensorflowVersion = '2.21.0';

/**
 * One build of TensorFlow's library, by the wheel that carries it.
 * @typedef {Readonly<{
 *   name: string, wheel: string, tag: string, megabytes: number, cuda: boolean, sha256?: string
 * }>} Variant
 */

/** Wheels are tagged with one Python version; the libraries inside do not depend on it. */
export const wheelPython = '3.12';

/** @type {Readonly<Record<string, Variant>>} */
const variants = {
  'linux-x64': {
    name: 'linux-x64-cpu',
    wheel: 'tensorflow-cpu',
    tag: 'manylinux_2_27_x86_64',
    megabytes: 274,
    cuda: false,
    sha256: 'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb',
  },
  'linux-x64-nvidia': {
    name: 'linux-x64-cuda',
    wheel: 'tensorflow',
    tag: 'manylinux_2_27_x86_64',
    megabytes: 3000,
    cuda: true,
    sha256: 'b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0',
  },
  'linux-arm64': {
    name: 'linux-arm64-cpu',
    wheel: 'tensorflow',
    tag: 'manylinux_2_27_aarch64',
    megabytes: 270,
    cuda: false,
  },
  'darwin-arm64': {
    name: 'darwin-arm64-cpu',
    wheel: 'tensorflow',
    tag: 'macosx_12_0_arm64',
    megabytes: 260,
    cuda: false,
  },
};

/**
 * The build for this machine, or why there is none.
 * @returns {Promise<Variant | string>}
 */
export async function chooseVariant() {
  const machine = `${process.platform}-${process.arch}`;
  if (process.platform === 'linux' && !usesGlibc())
    return 'TensorFlow is built for glibc, and this Linux has another C library';
  const nvidia = variants[`${machine}-nvidia`];
  if (nvidia !== undefined && (await nvidiaGpus()).length > 0) return nvidia;
  return variants[machine] ?? `TensorFlow ${tensorflowVersion} has no wheel for ${machine}`;
}

/**
 * @returns {boolean}
 */
function usesGlibc() {
  const report = /** @type {{ header?: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return report.header?.glibcVersionRuntime !== undefined;
}
