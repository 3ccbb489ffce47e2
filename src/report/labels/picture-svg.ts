import type { PatchWord, PictureLabels } from '../../labels/picture.ts';
import { widthOf } from '../width.ts';
import { RIGHT, WRONG } from './marks.ts';
import { px, svgFile, xml } from './svg.ts';

/** The picture as a data URI, and its side in pixels: one that is enlarged much keeps its pixels sharp. */
export type Embedded = Readonly<{ uri: string; side: number }>;

/** Words that stand in a cell; the others would hide the picture. */
const SHOWN = 3;
const MARGIN = 28;
const HEAD = 52;

/** The picture with its grid and the words of every patch; all words and scores of a patch show where one points at it. */
export function pictureSvg(labels: PictureLabels, picture: Embedded, about: string): string {
  const { width, height, body } = pictureBody(labels, picture, about, SHOWN);
  return svgFile(width, height, `${labels.image}: words of its patches`, body);
}

/** Several of a picture beside one another, each with what it is called; the best word of each patch. */
export function picturesSvg(
  sides: readonly Readonly<{ labels: PictureLabels; about: string }>[],
  picture: Embedded,
): string {
  const drawn = sides.map(({ labels, about }) => pictureBody(labels, picture, about, 1));
  const lefts = drawn.map((_, i) => drawn.slice(0, i).reduce((sum, { width }) => sum + width, 0));
  const body = drawn.flatMap((one, i) => [`<g transform="translate(${lefts[i]} 0)">`, ...one.body, '</g>']);
  const width = drawn.reduce((sum, one) => sum + one.width, 0);
  const title = `${sides[0]?.labels.image ?? ''}: words of its visual tokens`;
  return svgFile(width, Math.max(...drawn.map(({ height }) => height)), title, body);
}

type Body = Readonly<{ width: number; height: number; body: readonly string[] }>;

function pictureBody({ image, grid, patches }: PictureLabels, picture: Embedded, about: string, shown: number): Body {
  const cell = Math.min(112, Math.max(44, Math.round(1152 / grid[1])));
  const size = cell >= 90 ? 13 : cell >= 60 ? 11 : 9;
  const [width, height] = [grid[1] * cell, grid[0] * cell];
  const body = [
    `<text x="${MARGIN}" y="20" font-size="15" font-weight="bold" fill="#1f2328">${xml(image)}</text>`,
    `<text x="${MARGIN}" y="38" font-size="11" fill="#59636e">${xml(about)}</text>`,
    `<g transform="translate(${MARGIN} ${HEAD})">`,
    ...overlay(grid, patches, picture, { cell, size, shown }),
    '</g>',
  ];
  return { width: width + 2 * MARGIN, height: height + HEAD + MARGIN, body };
}

/** The picture alone, to stand small among others: the best word of every patch, as large as it fits. */
export function thumbnailSvg({ image, grid, patches }: PictureLabels, picture: Embedded): string {
  const cell = Math.min(64, Math.max(24, Math.round(512 / grid[1])));
  const body = overlay(grid, patches, picture, { cell, size: 0.3 * cell, shown: 1 });
  return svgFile(grid[1] * cell, grid[0] * cell, `${image}: the best word of each patch`, body);
}

/** How large a patch is, how large its words are at most, and how many of them stand in it. */
type Look = Readonly<{ cell: number; size: number; shown: number }>;

function overlay(
  [rows, columns]: PictureLabels['grid'],
  patches: PictureLabels['patches'],
  picture: Embedded,
  look: Look,
): readonly string[] {
  const [width, height] = [columns * look.cell, rows * look.cell];
  const sharp = picture.side * 2 <= width ? ' style="image-rendering: pixelated"' : '';
  return [
    '<style>.patch rect { fill: transparent } .patch:hover rect { fill: #ffffff; fill-opacity: 0.25 }</style>',
    `<image href="${picture.uri}" width="${width}" height="${height}" preserveAspectRatio="none"${sharp}/>`,
    `<rect width="${width}" height="${height}" fill="#000000" fill-opacity="0.3"/>`,
    `<path d="${gridPath(rows, columns, look.cell)}" stroke="#ffffff" stroke-opacity="0.45" fill="none"/>`,
    ...patches.map((words, patch) => patchSvg(words, Math.floor(patch / columns), patch % columns, look)),
  ];
}

function gridPath(rows: number, columns: number, cell: number): string {
  const across = Array.from({ length: rows + 1 }, (_, row) => `M0 ${row * cell}H${columns * cell}`);
  const down = Array.from({ length: columns + 1 }, (_, column) => `M${column * cell} 0V${rows * cell}`);
  return [...across, ...down].join('');
}

function patchSvg(words: readonly PatchWord[], row: number, column: number, { cell, size, shown }: Look): string {
  const scored = words.map(({ word, score }) => `${word} ${score.toFixed(3)}`);
  const title = `row ${row + 1}, column ${column + 1}: ${scored.length === 0 ? 'no word' : scored.join(', ')}`;
  const lines = Math.max(1, Math.floor((cell - 6) / (size * 1.35)));
  const best = words.slice(0, Math.min(lines, shown));
  const top = (cell - best.length * size * 1.35) / 2 + size;
  const texts = best.map((one, i) => wordSvg(one, i, { cell, size, y: top + i * size * 1.35 }));
  return [
    `<g class="patch" transform="translate(${column * cell} ${row * cell})"><title>${xml(title)}</title>`,
    `<rect width="${cell}" height="${cell}" fill="none" pointer-events="all"/>${texts.join('')}</g>`,
  ].join('');
}

/** Smaller where the word is long; the best one stands out. */
function wordSvg(
  { word, right }: PatchWord,
  rank: number,
  { cell, size, y }: Readonly<{ cell: number; size: number; y: number }>,
): string {
  const text = right === undefined ? word : `${right ? RIGHT : WRONG} ${word}`;
  const fill = right === undefined ? '#ffffff' : right ? '#8cff96' : '#ff968c';
  const fitting = Math.min(size, (cell - 6) / (0.62 * Math.max(1, widthOf(text))));
  const weight = rank === 0 ? ' font-weight="bold"' : ' fill-opacity="0.85"';
  const outline =
    'stroke="#000000" stroke-opacity="0.6" stroke-width="2.5" stroke-linejoin="round" paint-order="stroke"';
  return `<text x="${px(cell / 2)}" y="${px(y)}" font-size="${px(fitting)}" text-anchor="middle" fill="${fill}"${weight} ${outline}>${xml(text)}</text>`;
}
