using System.Globalization;
using StackExchange.Redis;

namespace RateLimiter.StoreCost;

/// <summary>The store's statistics about itself.</summary>
internal sealed class Store(IServer server, IDatabase database)
{
    public Task<long> CountKeysAsync() => server.DatabaseSizeAsync();

    public Task EmptyAsync() => server.FlushDatabaseAsync();

    public async Task<string> VersionAsync() => await InfoAsync("server", "redis_version");

    /// <summary>The bytes of all keys with their values, as MEMORY USAGE counts them.</summary>
    public async Task<long> KeyBytesAsync()
    {
        var bytes = 0L;
        await foreach (var key in server.KeysAsync())
        {
            bytes += (long)await database.ExecuteAsync("MEMORY", "USAGE", key, "SAMPLES", "0");
        }

        return bytes;
    }

    /// <summary>The bytes of everything that the store holds, its own tables included.</summary>
    public async Task<long> AllBytesAsync() =>
        long.Parse(await InfoAsync("memory", "used_memory"), CultureInfo.InvariantCulture);

    public Task ResetTimesAsync() => server.ConfigResetStatisticsAsync();

    /// <summary>Microseconds for each script call since the times were reset, measured by the store.</summary>
    public async Task<double> MicrosecondsPerScriptAsync()
    {
        var figures = await InfoAsync("commandstats", "cmdstat_evalsha");
        var figure = figures
            .Split(',')
            .Single(pair => pair.StartsWith("usec_per_call=", StringComparison.Ordinal));
        return double.Parse(figure.Split('=')[1], CultureInfo.InvariantCulture);
    }

    private async Task<string> InfoAsync(string section, string name)
    {
        var groups = await server.InfoAsync(section);
        return groups.SelectMany(group => group).Single(pair => pair.Key == name).Value;
    }
}
