using RateLimiter.TestStores;

namespace RateLimiter.TestServices;

/// <summary>A store, and the services that use it. All of them stop with it.</summary>
public sealed class StoreHost : IAsyncDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly List<Service> services = [];
    private readonly RedisServer? redis;
    private readonly PostgresServer? postgres;

    private StoreHost(
        RedisServer? redis,
        PostgresServer? postgres,
        params IReadOnlyList<(string Name, string Value)> storeSettings
    )
    {
        this.redis = redis;
        this.postgres = postgres;
        Settings = storeSettings;
    }

    /// <summary>The real Redis, if it is a single server.</summary>
    public RedisServer Redis =>
        redis ?? throw new InvalidOperationException("It is not a single Redis.");

    /// <summary>The real PostgreSQL, if there is one.</summary>
    public PostgresServer Postgres =>
        postgres ?? throw new InvalidOperationException("There is none.");

    /// <summary>The settings of a service that uses it.</summary>
    public IReadOnlyList<(string Name, string Value)> Settings { get; }

    /// <summary>The name of the services' database there.</summary>
    public string Database { get; private init; } = "";

    /// <summary>The working directory of the services; the embedded store keeps its data under it.</summary>
    public string Directory => folder.Path;

    /// <param name="store">The kind of store.</param>
    /// <param name="ownProcess">
    /// Whether the test stops, pauses or monitors its servers, so that it cannot share REDIS_HOST, and PostgreSQL must be
    /// durable.
    /// </param>
    public static async Task<StoreHost> StartAsync(Store store, bool ownProcess = false)
    {
        if (store == Store.Embedded)
        {
            return new StoreHost(null, null);
        }

        var redis = await RedisServer.StartAsync(ownProcess);
        (string Name, string Value)[] settings =
        [
            ("REDIS_HOST", redis.Host),
            ("REDIS_PORT", $"{redis.Port}"),
        ];
        if (store == Store.Redis)
        {
            return new StoreHost(redis, null, settings);
        }

        var postgres = await PostgresServer.StartAsync(isDurable: ownProcess);
        var database = await postgres.CreateDatabaseAsync();
        return new StoreHost(
            redis,
            postgres,
            [.. settings, ("Postgres__ConnectionString", postgres.ConnectionString(database))]
        )
        {
            Database = database,
        };
    }

    /// <summary>
    /// Any store: a real Redis if one is installed, because the embedded store is more than half of the cost of a start.
    /// </summary>
    public static Store Any => RedisServer.IsAvailable ? Store.Redis : Store.Embedded;

    /// <summary>Starts any store.</summary>
    public static Task<StoreHost> StartAnyAsync() => StartAsync(Any);

    /// <summary>The store of tests for which it does not matter: RATELIMITER_STORE, or the embedded one.</summary>
    public static Store OfTheRun { get; } =
        Enum.Parse<Store>(
            Environment.GetEnvironmentVariable("RATELIMITER_STORE") ?? nameof(Store.Embedded),
            ignoreCase: true
        );

    /// <summary>Starts the store of the test run.</summary>
    public static Task<StoreHost> StartAsync() => StartAsync(OfTheRun);

    /// <summary>A store of several servers, whose lifetime is the test's and not this object's.</summary>
    /// <param name="connectionString">In the syntax of StackExchange.Redis.</param>
    public static StoreHost Of(string connectionString) =>
        new(null, null, ("Redis__ConnectionString", connectionString));

    /// <summary>Starts a service on this store, in the process of the tests.</summary>
    public async Task<Service> ServeAsync(params (string Name, string Value)[] settings)
    {
        var service = await Service.StartAsync(Directory, [.. Settings, .. settings]);
        services.Add(service);
        return service;
    }

    /// <summary>Starts a service on this store, as a process of its own.</summary>
    public async Task<ServiceProcess> ServeAloneAsync(params (string Name, string Value)[] settings)
    {
        var service = await ServiceProcess.StartAsync(Directory, [.. Settings, .. settings]);
        services.Add(service);
        return service;
    }

    /// <summary>Why a service on this store does not start with such settings.</summary>
    public Task<string> ServeInVainAsync(params (string Name, string Value)[] settings) =>
        Service.StartInVainAsync(Directory, [.. Settings, .. settings]);

    public async ValueTask DisposeAsync()
    {
        foreach (var service in services)
        {
            await service.DisposeAsync();
        }

        if (postgres is not null)
        {
            await postgres.DisposeAsync();
        }

        if (redis is not null)
        {
            await redis.DisposeAsync();
        }

        folder.Dispose();
    }
}
