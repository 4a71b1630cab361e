import type { CommandWords } from './describe-commands.ts';

// All three ask one function what may follow a path of commands. It fails on a path it does not know, so the words
// of the line are walked and those that only are arguments leave the path as it is.

const choices = ({ words, options }: CommandWords): string =>
  [...words.map((word) => word.name), ...options.map((option) => option.flag)].join(' ');

const nextFunction = (commands: readonly CommandWords[]): string => `_formwork_next() {
  case $1 in
${commands.map((command) => `    '${command.path.join(' ')}') echo '${choices(command)}' ;;`).join('\n')}
    *) return 1 ;;
  esac
}`;

export const bashCompletion = (commands: readonly CommandWords[]): string => `# bash completion of formwork
${nextFunction(commands)}
_formwork() {
  local current=\${COMP_WORDS[COMP_CWORD]} typed='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if _formwork_next "\${typed:+$typed }$word" >/dev/null; then typed="\${typed:+$typed }$word"; fi
  done
  mapfile -t COMPREPLY < <(compgen -W "$(_formwork_next "$typed")" -- "$current")
}
complete -o default -F _formwork formwork
`;

export const zshCompletion = (commands: readonly CommandWords[]): string => `#compdef formwork
${nextFunction(commands)}
_formwork() {
  local typed='' word
  local -a found
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if _formwork_next "\${typed:+$typed }$word" >/dev/null; then typed="\${typed:+$typed }$word"; fi
  done
  found=($(_formwork_next "$typed"))
  compadd -a found || _files
}
compdef _formwork formwork
`;

const fishQuote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const fishArm = ({ path, words, options }: CommandWords): string => {
  const lines = [
    ...words.map((word) => `${word.name}\t${word.description}`),
    ...options.map((option) => `${option.flag}\t${option.description}`),
  ];
  return `    case ${fishQuote(path.join(' '))}\n      printf '%s\\n' ${lines.map(fishQuote).join(' ')}`;
};

export const fishCompletion = (commands: readonly CommandWords[]): string => `# fish completion of formwork
function __formwork_next
  switch "$argv[1]"
${commands.map(fishArm).join('\n')}
    case '*'
      return 1
  end
end
function __formwork_words
  set -l typed ''
  for word in (commandline -opc)[2..-1]
    set -l longer (string trim -- "$typed $word")
    __formwork_next "$longer" >/dev/null; and set typed "$longer"
  end
  __formwork_next "$typed"
end
complete -c formwork -a '(__formwork_words)'
`;
