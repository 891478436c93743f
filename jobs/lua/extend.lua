#!lua flags=allow-oom
-- Keep a lease, with the stages done so far; or give it up with the reason.
-- ARGV: 3 job id, 4 token, 5 lease ms (0 gives it up), 6 progress, 7 reason, 8 max attempts, 9 drainer,
--       10 how many ms the picture of a job that failed by our fault is kept.
-- Returns 1, or 0 where the lease is not ours any more.
local job = load_job(ARGV[3])
if not job or job.state ~= 'running' or job.attempts ~= tonumber(ARGV[4]) then return 0 end
local lease_ms = tonumber(ARGV[5])
if lease_ms == 0 then
  job.reason = ARGV[7] ~= '' and ARGV[7] or nil
  redis.call('ZREM', key('drainers'), ARGV[9])
  lapse(job, tonumber(ARGV[8]), tonumber(ARGV[10]))
  return 1
end
redis.call('ZADD', key('running'), 'XX', now + lease_ms, job.id)
redis.call('ZADD', key('drainers'), 'XX', now + lease_ms, ARGV[9])
if ARGV[6] ~= '' then redis.call('HSET', key('job:' .. job.id), 'progress', ARGV[6]) end
return 1
