#!lua flags=allow-oom
-- End a job at its owner's wish; a running one too: its late report is then refused.
-- ARGV: 3 job id. Returns 1 if this call ended it, else 0.
local job = load_job(ARGV[3])
if not job or (job.state ~= 'queued' and job.state ~= 'running') then return 0 end
end_job(job, 'cancelled', {})
return 1
