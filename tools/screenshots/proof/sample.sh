# A sample screen: the sixteen colours, attributes, lines and blocks, as a picture of all that the tool can draw.
r='\033[0m'; b='\033[1m'; rev='\033[7m'; red='\033[31m'; green='\033[32m'; yellow='\033[33m'; mag='\033[35m'; cyan='\033[36m'; u='\033[4m'
printf '\033[?25l\033[2J\033[H'
printf "${rev}holdpoint${r}  ${b}bea@ops1${r} ssh  lead serve@ops1  17 open 1 marked  NEXT ${yellow}1:42${r} ok 02:13Z\r\n"
printf "${b}   JOB          STAGE      AT  LEFT   AT 0     CHANGE      FILES  WHO${r}\r\n"
printf "${red}${b}!  j-17 tides   script      2  00:42  approve${r}  ${green}+12${r} ${red}-4${r}      1\r\n"
printf "${rev} > j-21 dunes   storyboard  1  held   reject   +2  -2      2      you, prompt   ${r}\r\n"
printf "   j-22 marsh   audio       1  ${yellow}04:30${r}  approve  -1.5 dB     1      unseen\r\n"
printf " ${cyan}*${r} j-19 reef    script      1  ${cyan}held${r}   approve  new 48      1      ${cyan}cy hold 09:12${r}\r\n"
printf "   j-23 delta   acceptance  1  --:--  person   +0  -0      3      ${mag}timer${r}\r\n\r\n"
printf "${green}  42 +    \"duration_ms\": ${u}19000${r}${green},${r}   ebb – “tide” <é> & ok → ✓ ● ▸ … 306.0\r\n"
printf "${red}  42 -    \"duration_ms\": ${u}12000${r}${red},${r}   ${red}Not approved: ana was first${r}\r\n"
printf "┌──────────┬────────┐ ╭─────────╮ ┏━━━━━━━┓ █▉▊▋▌▍▎▏ ▁▂▃▄▅▆▇█ ░▒▓ ▖▗▘▝▚▞\r\n"
printf "│ lines    │ meet   │ │ round   │ ┃ heavy ┃ ████████▌            ▀▀▀▄▄▄ ⠋⠙⠹⠸\r\n"
printf "├──────────┼────────┤ ╰─────────╯ ┗━━━━━━━┛ ████████▌\r\n"
printf "└──────────┴────────┘\r\n"
for bright in 3 9; do for n in 0 1 2 3 4 5 6 7; do printf "\033[${bright}${n}m %-8s" "color $n"; done; printf "${r}\r\n"; done
for ground in 4 10; do for n in 0 1 2 3 4 5 6 7; do printf "\033[30;${ground}${n}m %-8s" "on $n"; done; printf "${r}\r\n"; done
printf "plain ${b}bold${r} \033[2mdim\033[0m \033[3mitalic\033[0m ${u}underline${r} ${rev}reverse${r} ${b}${rev} bold reverse ${r} ${cyan}${rev} cyan reverse ${r}\r\n\r\n"
printf " APPROVE ${b}j-21 dunes / storyboard #1${r}  41b07a  as bea     timer held for you 04:58\r\n"
printf "   note: \033[?25h"
read answer
