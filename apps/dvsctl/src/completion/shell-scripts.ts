/** What a shell runs to ask dvsctl for candidates. They come one a line, a tab before the description. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export const SHELL_SCRIPTS: Record<Shell, string> = {
  bash: `# bash completion of dvsctl. To load it: source <(dvsctl completion bash)
_dvsctl() {
  local word
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    COMPREPLY+=("$(printf '%q' "$word")")
  done < <(dvsctl __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _dvsctl dvsctl
`,
  zsh: `#compdef dvsctl
# zsh completion of dvsctl. To load it: source <(dvsctl completion zsh)
_dvsctl() {
  local -a found
  local word description
  while IFS=$'\\t' read -r word description; do
    found+=("\${word//:/\\\\:}:\${description}")
  done < <(dvsctl __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then _describe dvsctl found; else _files; fi
}
compdef _dvsctl dvsctl
`,
  fish: `# fish completion of dvsctl. To load it: dvsctl completion fish | source
complete -c dvsctl -f -a '(dvsctl __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
complete -c dvsctl -s f -l file -r -F
complete -c dvsctl -l token-file -r -F
`,
};
