type Environment = Readonly<Record<string, string | undefined>>;

/** How a terminal draws a PNG inside text; undefined where it does not say that it can. */
export type Graphics = 'kitty' | 'iterm';

/** What the terminal says of itself. Inside tmux and screen neither gets through. */
export function graphicsOf(env: Environment): Graphics | undefined {
  const { TERM = '', TERM_PROGRAM, KITTY_WINDOW_ID, TMUX } = env;
  if (TMUX !== undefined || /^(tmux|screen)/.test(TERM)) return undefined;
  if (KITTY_WINDOW_ID !== undefined || /kitty|ghostty/.test(TERM) || TERM_PROGRAM === 'ghostty') return 'kitty';
  return TERM_PROGRAM === 'iTerm.app' || TERM_PROGRAM === 'WezTerm' ? 'iterm' : undefined;
}

/** The protocol sends at most this much in one escape sequence. */
const CHUNK = 4096;

/** The escape codes that draw a PNG at the cursor, `columns` wide. */
export function inlineImage(png: Uint8Array, graphics: Graphics, columns: number): string {
  const data = Buffer.from(png).toString('base64');
  if (graphics === 'iterm')
    return `\u001B]1337;File=inline=1;width=${columns};preserveAspectRatio=1;size=${png.length}:${data}\u0007`;
  const chunks = data.match(new RegExp(`.{1,${CHUNK}}`, 'g')) ?? [];
  return chunks
    .map((chunk, i) => {
      const control = i === 0 ? `a=T,f=100,c=${columns},` : '';
      return `\u001B_G${control}m=${i === chunks.length - 1 ? 0 : 1};${chunk}\u001B\\`;
    })
    .join('');
}
