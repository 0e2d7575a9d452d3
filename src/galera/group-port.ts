/** Where Galera listens to its group (`gmcast.listen_addr`). */
export const galeraPort = 4567;
