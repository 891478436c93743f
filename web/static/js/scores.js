// Scores for people, as web/scores.py writes them: below 1 is never 1.00, and never the wrong side of a limit.

const FEWEST = 2, MOST = 8; // decimals

/** Write a score in [0, 1] with as many decimals as it takes to tell it from the limits. */
export function writeScore(score, limits = []) {
  let decimals = FEWEST;
  while (decimals < MOST && !isTold(score, limits, decimals)) decimals += 1;
  const step = 10 ** -decimals, written = score.toFixed(decimals);
  if (score < 1 && Number(written) === 1) return `>${(1 - step).toFixed(decimals)}`;
  return score > 0 && Number(written) === 0 ? `<${step.toFixed(decimals)}` : written;
}

function isTold(score, limits, decimals) {
  const round = (value) => Number(value.toFixed(decimals));
  const order = (one, other) => Math.sign(one - other);
  return limits.every((limit) => limit <= 0 || limit >= 1 // "<" and ">" tell a score from these
    || (round(limit) > 0 && round(limit) < 1 && order(round(score), round(limit)) === order(score, limit)));
}
