using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using RateLimiter.Infrastructure;
using RateLimiter.StoreCost;
using StackExchange.Redis;

// Measures what a check costs the store, through the service's own adapter: memory for each subject, and the store's
// time for each script call. It needs an empty Redis of its own: it fills it, flushes it and resets its statistics.

if (args is not [var address])
{
    Console.Error.WriteLine("RateLimiter.StoreCost HOST:PORT");
    return 2;
}

await using var connection = await ConnectionMultiplexer.ConnectAsync($"{address},allowAdmin=true");
var store = new Store(connection.GetServers().Single(), connection.GetDatabase());
if (await store.CountKeysAsync() > 0)
{
    Console.Error.WriteLine($"The Redis at {address} is not empty.");
    return 1;
}

var builder = Host.CreateApplicationBuilder();
builder.Configuration.AddInMemoryCollection([
    new("Redis:ConnectionString", address),
    new("Store:TimeoutMs", "5000"),
    new("Logging:LogLevel:Default", "Warning"),
]);
builder.Services.AddInfrastructure(builder.Configuration);
using var host = builder.Build();
await host.StartAsync();

var subjects = new Subjects(host.Services);
Console.WriteLine($"redis-server {await store.VersionAsync()}");
Console.WriteLine();
Console.Write(await MemoryTable.MeasureAsync(store, subjects));
Console.WriteLine();
Console.Write(await TimeTable.MeasureAsync(store, subjects));
await host.StopAsync();
return 0;
