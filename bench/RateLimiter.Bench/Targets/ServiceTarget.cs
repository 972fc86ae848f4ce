using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace RateLimiter.Bench.Targets;

/// <summary>The service, with a Redis or with its embedded store.</summary>
internal sealed partial class ServiceTarget(Owned owned) : Target(owned)
{
    private const int CallsAtOnce = 16;

    public override string Name => Store is null ? "RateLimiter, embedded store" : "RateLimiter";

    public static Task<Target> StartAsync(
        IReadOnlyList<Rule> rules,
        CancellationToken cancellationToken
    ) =>
        Owned.MakeAsync<Target>(async owned =>
            await StartAsync(
                owned,
                owned.Add(new TemporaryFolder()),
                owned.Add(await RedisServer.StartAsync(cancellationToken)),
                rules,
                cancellationToken
            )
        );

    public static Task<Target> StartEmbeddedAsync(
        IReadOnlyList<Rule> rules,
        CancellationToken cancellationToken
    ) =>
        Owned.MakeAsync<Target>(async owned =>
            await StartAsync(
                owned,
                owned.Add(new TemporaryFolder()),
                store: null,
                rules,
                cancellationToken
            )
        );

    /// <summary>Starts another instance on the Redis of one that is running, for the same client.</summary>
    public static Task<ServiceTarget> StartBesideAsync(
        Target first,
        CancellationToken cancellationToken
    ) =>
        Owned.MakeAsync(owned =>
            StartAsync(
                owned,
                owned.Add(new TemporaryFolder()),
                first.Store,
                first.ApiKey,
                cancellationToken
            )
        );

    /// <summary>Starts the service for a client that its store knows already, or for none.</summary>
    /// <param name="owned">What the service belongs to.</param>
    /// <param name="folder">Where it works, and keeps an embedded store.</param>
    /// <param name="store">Its Redis; null for an embedded store.</param>
    /// <param name="apiKey">The client's key.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<ServiceTarget> StartAsync(
        Owned owned,
        TemporaryFolder folder,
        RedisServer? store,
        string apiKey,
        CancellationToken cancellationToken
    )
    {
        // The bench registers more clients than one address may.
        var settings = new Dictionary<string, string>
        {
            ["Registration__PermitLimit"] = "1000000000",
        };
        if (store is not null)
        {
            settings["REDIS_HOST"] = "127.0.0.1";
            settings["REDIS_PORT"] = $"{store.Port}";
        }

        var server = owned.Add(
            new RunningProcess(
                Path.Combine(Repository.Artifact("service"), "RateLimiter.Api"),
                ["--urls", "http://127.0.0.1:0"],
                folder.Path,
                settings,
                Listening
            )
        );
        var listening = await server.WaitUntilReadyAsync(cancellationToken);
        return new ServiceTarget(owned)
        {
            Address = new Uri(listening.Groups[1].Value),
            Server = server,
            Store = store,
            ApiKey = apiKey,
        };
    }

    /// <summary>Makes a client with these rules.</summary>
    /// <returns>Its API key.</returns>
    public async Task<string> RegisterAsync(
        IEnumerable<Rule> rules,
        CancellationToken cancellationToken
    )
    {
        using var http = new HttpClient { BaseAddress = Address };
        using var registered = await http.PostAsJsonAsync(
            "/register",
            new { name = "bench" },
            cancellationToken
        );
        var client = await ReadAsync(registered, cancellationToken);
        var apiKey = client.GetProperty("api_key").GetString()!;
        http.DefaultRequestHeaders.Add("X-API-Key", apiKey);
        foreach (var rule in rules)
        {
            using var saved = await http.PostAsJsonAsync(
                "/policy",
                Policy(rule),
                cancellationToken
            );
            await ReadAsync(saved, cancellationToken);
        }

        return apiKey;
    }

    public override async Task<long> CountUsedAsync(
        string route,
        int users,
        CancellationToken cancellationToken
    )
    {
        using var http = CreateClient();
        var sum = 0L;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, users),
            new ParallelOptions
            {
                MaxDegreeOfParallelism = CallsAtOnce,
                CancellationToken = cancellationToken,
            },
            async (user, cancellation) =>
            {
                using var answer = await http.GetAsync(
                    $"/usage?user_id={User(user)}&route_key={route}",
                    cancellation
                );
                var usage = await ReadAsync(answer, cancellation);
                Interlocked.Add(ref sum, usage.GetProperty("used").GetInt64());
            }
        );
        return sum;
    }

    public override void ThrowIfTroubled()
    {
        var troubles = Server.Output.Where(line => Trouble.IsMatch(line)).ToList();
        if (troubles.Count > 0)
        {
            throw new BenchException(
                $"The service is in trouble:\n{string.Join('\n', troubles.Take(5))}"
            );
        }
    }

    private static async Task<Target> StartAsync(
        Owned owned,
        TemporaryFolder folder,
        RedisServer? store,
        IReadOnlyList<Rule> rules,
        CancellationToken cancellationToken
    )
    {
        var service = await StartAsync(owned, folder, store, MadeUpKey, cancellationToken);
        service.ApiKey = await service.RegisterAsync(rules, cancellationToken);
        return service;
    }

    private static object Policy(Rule rule)
    {
        var limits = rule.Limits.Select(limit => new
        {
            limit = limit.Permits,
            window_seconds = limit.WindowSeconds,
            algorithm = limit.Algorithm,
            burst = limit.Burst,
        });
        return rule.Limits is [var only]
            ? new
            {
                route_key = rule.Route,
                limit = only.Permits,
                window_seconds = only.WindowSeconds,
                algorithm = only.Algorithm,
                burst = only.Burst,
            }
            : new { route_key = rule.Route, limits };
    }

    private static async Task<JsonElement> ReadAsync(
        HttpResponseMessage response,
        CancellationToken cancellationToken
    )
    {
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        return response.IsSuccessStatusCode
            ? JsonElement.Parse(body)
            : throw new BenchException(
                $"{response.RequestMessage!.RequestUri} was answered {response.StatusCode}: {body}"
            );
    }

    [GeneratedRegex(@"listens on (http://127\.0\.0\.1:\d+)")]
    private static partial Regex Listening { get; }

    // Decisions that did not get into the log, calls of the store that failed, and whatever nobody foresaw.
    [GeneratedRegex("^(fail|crit|warn): RateLimiter")]
    private static partial Regex Trouble { get; }
}
