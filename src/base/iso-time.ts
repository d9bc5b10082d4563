/**
 * Times as people write them (RFC 3339, UTC, milliseconds), by arithmetic alone: `Date` would also
 * know what time it is now, which only a {@link Clock} may tell.
 */

const dayMs = 86_400_000;
/** Days from 0000-03-01 to 1970-01-01, and in the 400 years after which the calendar repeats. */
const daysToEpoch = 719_468;
const daysPerEra = 146_097;

const digits = (value: number, count: number): string => String(value).padStart(count, "0");

/**
 * Year, month and day of a day number. The year is taken to begin in March, so that the leap day
 * comes last (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
 */
function dateOf(daysSinceEpoch: number): string {
  const days = daysSinceEpoch + daysToEpoch;
  const era = Math.floor(days / daysPerEra);
  const dayOfEra = days - era * daysPerEra;
  const leapDays =
    Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}`;
}

/**
 * A time as `2025-08-09T02:12:08.480Z`.
 * @param timestamp milliseconds since 1970; outside the years 0 to 9999, or no whole number, it is
 *   shown as the number it is, since RFC 3339 can't write it
 */
export function isoTime(timestamp: number): string {
  const whole = Number.isSafeInteger(timestamp) ? timestamp : Math.floor(timestamp);
  if (!(whole >= -62_167_219_200_000 && whole < 253_402_300_800_000)) return String(timestamp);
  const days = Math.floor(whole / dayMs);
  const ms = whole - days * dayMs;
  const hour = digits(Math.floor(ms / 3_600_000), 2);
  const minute = digits(Math.floor(ms / 60_000) % 60, 2);
  const second = digits(Math.floor(ms / 1_000) % 60, 2);
  return `${dateOf(days)}T${hour}:${minute}:${second}.${digits(ms % 1_000, 3)}Z`;
}
