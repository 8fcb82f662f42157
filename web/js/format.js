// Numbers as people read them.

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** "12.3 MB": powers of 1000, as the bill counts. */
export function bytes(count) {
  let value = Math.max(0, Number(count) || 0);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

export const speed = (bytesPerSecond) => `${bytes(bytesPerSecond)}/s`;

/** "4 min 10 s", in two units at most. */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return join(Math.floor(whole / 60), 'min', whole % 60, 's');
  if (whole < 86_400) return join(Math.floor(whole / 3600), 'h', Math.floor((whole % 3600) / 60), 'min');
  return join(Math.floor(whole / 86_400), 'd', Math.floor((whole % 86_400) / 3600), 'h');
}

const join = (first, firstUnit, second, secondUnit) => (second > 0 ? `${first} ${firstUnit} ${second} ${secondUnit}` : `${first} ${firstUnit}`);

/** Dollars. Below a cent with four digits: a gigabyte costs ten cents. */
export function money(dollars) {
  const value = Number(dollars) || 0;
  if (value === 0) return '$0.00';
  return value < 0.01 ? `$${value.toFixed(4)}` : `$${value.toFixed(2)}`;
}

export const percent = (done, total) => (total > 0 ? Math.min(100, Math.floor((done / total) * 100)) : 100);

export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

/** "3 minutes ago". */
export function ago(time, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - new Date(time).getTime()) / 1000));
  if (!Number.isFinite(seconds)) return '';
  const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3600), 'hour');
  return relative.format(-Math.floor(seconds / 86_400), 'day');
}
