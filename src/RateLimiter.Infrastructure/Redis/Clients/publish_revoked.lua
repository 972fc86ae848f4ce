-- Publishes keys that were revoked to every instance, so that it rejects them even while it cannot ask the store.

return function(client, hashes)
  if #hashes > 0 then
    redis.pcall('PUBLISH', 'rl:news', 'revoked ' .. client .. ' ' .. table.concat(hashes, ' '))
  end
end
