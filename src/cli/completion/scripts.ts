export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

// Candidates are quoted by each shell itself: ids have brackets, names of rows have blanks.
const bash = `_sea() {
  local line="\${COMP_LINE:0:COMP_POINT}"
  COMPREPLY=()
  mapfile -t COMPREPLY < <("\${COMP_WORDS[0]}" completion bash -- "$line" "\${COMP_WORDS[COMP_CWORD]}" 2>/dev/null)
  compopt -o filenames
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == */ ]] && compopt -o nospace
  return 0
}
complete -o bashdefault -o default -F _sea sea
`;

const zsh = `#compdef sea
_sea() {
  local -a found
  found=("\${(@f)$("\${(Q)words[1]}" completion zsh -- "\${(@)words[1,CURRENT]}" 2>/dev/null)}")
  found=("\${(@)found:#}")
  if (( \${#found} )); then
    compadd -S '' -- "\${(@M)found:#*/}"
    compadd -- "\${(@)found:#*/}"
  else
    _files
  fi
}
if [ "$funcstack[1]" = _sea ]; then
  _sea "$@"
else
  compdef _sea sea
fi
`;

const fish = `function __sea_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found (command $words[1] completion fish -- $words 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c sea -f -a '(__sea_complete)'
`;

/** What a shell reads to complete `sea`: it asks the program at each Tab. */
export const completionScripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
