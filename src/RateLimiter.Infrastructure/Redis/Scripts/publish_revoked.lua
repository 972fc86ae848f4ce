-- Tells every instance of keys that are good for nothing any more, so that it keeps them out although it cannot ask.

return function(client, version, hashes)
  if #hashes > 0 then
    redis.call(
      'PUBLISH', 'rl:news',
      'revoked ' .. client .. ' ' .. string.format('%.0f', version) .. ' ' .. table.concat(hashes, ' ')
    )
  end
end
