using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace RateLimiter.Bench.Targets;

/// <summary>The service, with a Redis or with its embedded store.</summary>
internal sealed partial class ServiceTarget : Target
{
    private const int CallsAtOnce = 16;

    private static readonly JsonSerializerOptions WithoutNulls = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public override string Name => Store is null ? "RateLimiter, embedded store" : "RateLimiter";

    /// <summary>Starts the service with a Redis of its own, for a new client with these rules.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="record">The system of record; null for the Redis.</param>
    /// <param name="more">Further settings that differ from the defaults.</param>
    public static async Task<ServiceTarget> StartAsync(
        IEnumerable<Rule> rules,
        PostgresServer? record = null,
        params IReadOnlyList<KeyValuePair<string, string>> more
    )
    {
        var service = await RunAsync(
            new TemporaryFolder(),
            await RedisServer.StartAsync(),
            record: record,
            more: more
        );
        service.ApiKey = await service.RegisterAsync(rules);
        return service;
    }

    /// <summary>Starts the service with its embedded store, for a new client with these rules.</summary>
    public static async Task<ServiceTarget> StartEmbeddedAsync(IEnumerable<Rule> rules)
    {
        var service = await RunAsync(new TemporaryFolder(), store: null);
        service.ApiKey = await service.RegisterAsync(rules);
        return service;
    }

    /// <summary>Starts the service and waits until it listens.</summary>
    /// <param name="folder">Its working directory, which also contains an embedded store.</param>
    /// <param name="store">Its Redis; null for an embedded store.</param>
    /// <param name="apiKey">The key of a client that the store knows.</param>
    /// <param name="record">The system of record; null for the store.</param>
    /// <param name="more">Further settings that differ from the defaults.</param>
    public static Task<ServiceTarget> RunAsync(
        TemporaryFolder folder,
        RedisServer? store,
        string apiKey = MadeUpKey,
        PostgresServer? record = null,
        params IReadOnlyList<KeyValuePair<string, string>> more
    )
    {
        Dictionary<string, string> settings = new(more)
        {
            // A machine that stops for a moment is not what is measured.
            ["Store__TimeoutMs"] = "2000",
        };
        if (store is not null)
        {
            settings["REDIS_HOST"] = "127.0.0.1";
            settings["REDIS_PORT"] = $"{store.Port}";
        }

        if (record is not null)
        {
            settings["Postgres__ConnectionString"] = record.ConnectionString;
        }

        return RunAsync(folder.Path, settings, store: store, apiKey: apiKey);
    }

    /// <summary>Starts the service with other settings and waits until it listens.</summary>
    /// <param name="folder">Its working directory.</param>
    /// <param name="settings">The settings of its store, and others that differ from the defaults.</param>
    /// <param name="port">The port on which it listens; 0 for any free port.</param>
    /// <param name="store">Its Redis, if the store is measured too.</param>
    /// <param name="apiKey">The key of a client that the store knows.</param>
    /// <param name="started">Called as soon as its process has started.</param>
    public static async Task<ServiceTarget> RunAsync(
        string folder,
        IEnumerable<KeyValuePair<string, string>> settings,
        int port = 0,
        RedisServer? store = null,
        string apiKey = MadeUpKey,
        Action<RunningProcess>? started = null
    )
    {
        var server = new RunningProcess(
            Path.Combine(Repository.Artifact("service"), "RateLimiter.Api"),
            ["--urls", $"http://127.0.0.1:{port}"],
            folder,
            // A bench registers more clients, and calls more often, than one address is allowed to.
            [
                .. settings,
                new("Registration__PermitLimit", "1000000000"),
                new("Quotas__AdministrativeCallsPerSecond", "0"),
            ],
            Listening
        );
        started?.Invoke(server);
        var listening = await server.WaitUntilReadyAsync();
        return new ServiceTarget
        {
            Address = new Uri(listening.Groups[1].Value),
            Server = server,
            Store = store,
            ApiKey = apiKey,
        };
    }

    /// <summary>Creates a client with these rules.</summary>
    /// <returns>Its API key.</returns>
    public async Task<string> RegisterAsync(IEnumerable<Rule> rules)
    {
        using var visitor = CreateClient();
        var client = await ReadAsync(
            await visitor.PostAsJsonAsync("/register", new { name = "bench" })
        );
        var apiKey = client.GetProperty("api_key").GetString()!;
        using var http = CreateClient(apiKey);
        foreach (var rule in rules)
        {
            await ReadAsync(await http.PostAsJsonAsync("/policy", Policy(rule), WithoutNulls));
        }

        return apiKey;
    }

    public override async Task<long> CountUsedAsync(string route, int users)
    {
        using var http = CreateClient();
        var sum = 0L;
        await Parallel.ForAsync(
            0,
            users,
            new ParallelOptions { MaxDegreeOfParallelism = CallsAtOnce },
            async (user, stop) =>
            {
                var path = $"/usage?user_id=user-{user}&route_key={route}";
                var usage = await ReadAsync(await http.GetAsync(path, stop));
                Interlocked.Add(ref sum, usage.GetProperty("used").GetInt64());
            }
        );
        return sum;
    }

    public override void ThrowIfTroubled()
    {
        if (Server.Output.FirstOrDefault(line => Trouble.IsMatch(line)) is { } trouble)
        {
            throw new BenchException($"The service is in trouble: {trouble}");
        }
    }

    private static object Policy(Rule rule) =>
        new
        {
            route_key = rule.Route,
            limits = rule.Limits.Select(limit => new
            {
                limit = limit.Permits,
                window_seconds = limit.Period is null ? limit.WindowSeconds : (int?)null,
                algorithm = limit.Algorithm,
                burst = limit.Burst,
                per = limit.Per,
                period = limit.Period,
            }),
            on_store_failure = rule.OnStoreFailure,
        };

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response)
    {
        using var answer = response;
        var body = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode
            ? JsonElement.Parse(body)
            : throw new BenchException(
                $"{answer.RequestMessage!.RequestUri} was answered {answer.StatusCode}: {body}"
            );
    }

    [GeneratedRegex(@"listens on (http://127\.0\.0\.1:\d+)")]
    private static partial Regex Listening { get; }

    // Dropped decisions, failed calls of the store, and unexpected errors; but not the warning that a machine is busy
    // which is meant to be.
    [GeneratedRegex(@"^(fail|crit|warn): RateLimiter(?!\.Infrastructure\.Clocks\.StoreClock)")]
    private static partial Regex Trouble { get; }
}
