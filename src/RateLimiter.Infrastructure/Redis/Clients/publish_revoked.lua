-- Tells every instance of keys that are good for nothing any more, so that it keeps them out although it cannot ask.

return function(client, hashes)
  if #hashes > 0 then
    redis.pcall('PUBLISH', 'rl:news', 'revoked ' .. client .. ' ' .. table.concat(hashes, ' '))
  end
end
