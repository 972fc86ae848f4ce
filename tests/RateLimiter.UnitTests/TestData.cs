using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Moq;
using Moq.Language.Flow;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Quotas;
using RateLimiter.Application.Stores;
using RateLimiter.Application.Telemetry;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests;

/// <summary>
/// Creates the domain objects for tests. Only this class knows how they are constructed, so that a new field changes one line
/// here and not every test.
/// </summary>
internal static class TestData
{
    public static readonly DateTimeOffset Moment = new(2026, 2, 3, 4, 5, 6, 789, TimeSpan.Zero);

    public static readonly ClientId Client = new("0123456789abcdEF");

    /// <summary>An actor who changes something.</summary>
    public static readonly Actor Actor = new("0123456789ab", "192.0.2.7", "trace");

    /// <summary>A limit of any algorithm. Of a calendar it is that of an hour, or where the window is longer, of a day.</summary>
    public static Limit Limit(
        string name = "default",
        long permits = 10,
        int windowSeconds = 60,
        Algorithm algorithm = Algorithm.FixedWindow,
        long? burst = null,
        string[]? per = null,
        MissingSubjects whenMissing = MissingSubjects.Reject
    ) =>
        (
            algorithm switch
            {
                Algorithm.Concurrency => new ConcurrencyLimit(name, permits),
                Algorithm.Calendar => CalendarLimit(
                    name,
                    permits,
                    windowSeconds > 3600 ? CalendarUnit.Day : CalendarUnit.Hour
                ),
                _ => (Limit)RateLimit(name, permits, windowSeconds, algorithm, burst),
            }
        ) with
        {
            Per = [.. per ?? [SubjectNames.User]],
            WhenMissing = whenMissing,
        };

    /// <summary>A limit per window of a fixed length.</summary>
    public static RateLimit RateLimit(
        string name = "default",
        long permits = 10,
        int windowSeconds = 60,
        Algorithm algorithm = Algorithm.FixedWindow,
        long? burst = null
    ) =>
        RateLimiter.Domain.Policies.RateLimit.Create(
            name,
            algorithm,
            permits,
            TimeSpan.FromSeconds(windowSeconds),
            burst
        );

    public static CalendarLimit CalendarLimit(
        string name = "default",
        long permits = 10,
        CalendarUnit unit = CalendarUnit.Hour,
        string timeZone = TimeZones.Utc,
        string? anchor = null
    ) =>
        new(
            name,
            permits,
            new CalendarSchedule(
                unit,
                timeZone,
                anchor is null ? null : CalendarAnchor.Parse(anchor)
            )
        );

    public static PolicyDefinition Definition(
        string route = "search",
        string role = "default",
        string? description = null,
        bool isActive = true,
        PolicyMode mode = PolicyMode.Enforce,
        StoreFailureMode? onStoreFailure = null,
        params Limit[] limits
    ) =>
        new(
            new PolicyKey(route, role),
            limits is [] ? [Limit()] : [.. limits],
            description,
            isActive,
            mode,
            onStoreFailure
        );

    public static Policy Policy(
        string route = "search",
        string role = "default",
        string? description = null,
        bool isActive = true,
        PolicyMode mode = PolicyMode.Enforce,
        StoreFailureMode? onStoreFailure = null,
        params Limit[] limits
    ) =>
        RateLimiter.Domain.Policies.Policy.Create(
            Definition(route, role, description, isActive, mode, onStoreFailure, limits),
            Moment
        );

    public static ClientSnapshot Snapshot(
        ClientId client,
        long version = 1,
        IEnumerable<KeyHash>? keys = null,
        params Policy[] policies
    ) =>
        new(
            client,
            version,
            new KeyRing((keys ?? []).Select(hash => Key(hash))),
            new PolicyTable(policies)
        );

    public static ClientKey Key(
        KeyHash hash,
        Scopes scopes = Scopes.Admin,
        DateTimeOffset? expiresAt = null
    ) => new($"{hash}"[..12], hash, "rl_0000", "key", scopes, Moment, null, expiresAt);

    /// <summary>An authenticated caller of a client, with a key that has the scope admin unless specified otherwise.</summary>
    public static AuthenticatedCaller Caller(ClientSnapshot client, Scopes scopes = Scopes.Admin) =>
        new(client, Key(KeyHash.Of("any"), scopes));

    public static DecisionMetrics DecisionMetrics(IMeterFactory? meters = null, bool isOn = true) =>
        new(meters ?? Meters(), Options.Create(new MetricsOptions { Enabled = isOn }));

    /// <summary>The meters of one test.</summary>
    public static IMeterFactory Meters() =>
        new ServiceCollection()
            .AddMetrics()
            .BuildServiceProvider()
            .GetRequiredService<IMeterFactory>();

    public static CheckQuota CheckQuota(long checksPerSecond = 0, TimeProvider? time = null) =>
        new(
            Options.Create(new QuotaOptions { ChecksPerSecond = checksPerSecond }),
            time ?? new FakeTimeProvider(Moment)
        );

    public static AdministrativeRate AdministrativeRate(
        QuotaOptions? options = null,
        TimeProvider? time = null
    ) => new(Options.Create(options ?? new QuotaOptions()), time ?? new FakeTimeProvider(Moment));

    /// <summary>Sets up what a repository finds for a client, or for any when none is given.</summary>
    public static ISetup<IClientRepository, Task<ClientSnapshot?>> SetupFind(
        this Mock<IClientRepository> clients,
        ClientId? client = null
    ) =>
        clients.Setup(it =>
            it.FindAsync(
                It.Is<ClientId>(id => client == null || id == client),
                It.IsAny<long>(),
                It.IsAny<ClientSnapshot?>(),
                It.IsAny<CancellationToken>()
            )
        );

    /// <summary>A directory over a repository.</summary>
    public static ClientDirectory Directory(
        IClientRepository clients,
        IClientChanges? changes = null,
        TimeProvider? time = null,
        long? maxBytes = null
    )
    {
        var options = new ClientOptions();
        options.MaxCachedBytes = maxBytes ?? options.MaxCachedBytes;
        return new ClientDirectory(
            clients,
            changes ?? Mock.Of<IClientChanges>(),
            Options.Create(new StoreOptions()),
            Options.Create(options),
            time ??= new FakeTimeProvider(Moment),
            time
        );
    }

    /// <summary>An authenticator over a repository.</summary>
    public static Authenticator Authenticator(
        IClientRepository clients,
        TimeProvider? time = null,
        AuthenticationOptions? options = null
    )
    {
        time ??= new FakeTimeProvider(Moment);
        return Authenticator(Directory(clients, time: time), time, options);
    }

    /// <inheritdoc cref="Authenticator(IClientRepository, TimeProvider, AuthenticationOptions)"/>
    public static Authenticator Authenticator(
        ClientDirectory directory,
        TimeProvider time,
        AuthenticationOptions? options = null
    ) =>
        new(
            directory,
            new FailedAuthentications(Options.Create(options ?? new AuthenticationOptions()), time),
            new KeyUses(Mock.Of<IKeyRepository>(), time, NullLogger<KeyUses>.Instance),
            time
        );

    /// <summary>The plan of a check that names all subjects of all limits.</summary>
    public static CheckPlan Plan(
        Policy policy,
        long cost = 1,
        long? minCost = null,
        string user = "alice",
        SubjectValues? subjects = null
    ) =>
        CheckPlan.For(Client, policy, policy.Limits, user, subjects, "search", cost) with
        {
            MinCost = minCost ?? cost,
        };

    /// <summary>The subjects of a check, such as an organisation.</summary>
    public static SubjectValues Subjects(params (string Name, string Value)[] subjects) =>
        SubjectValues.Of(subjects.Select(it => KeyValuePair.Create(it.Name, it.Value)))!;

    /// <summary>A status with durations in microseconds, as counters return them.</summary>
    public static LimitStatus Status(
        long wait = 0,
        long remaining = 9,
        long reset = 60_000_000,
        long used = 0
    ) => new(wait, remaining, reset, used);

    public static Decision Decision(Policy policy, params LimitStatus[] statuses) =>
        RateLimiter.Domain.Checks.Decision.From(
            Plan(policy),
            statuses is [] ? [Status()] : statuses,
            Moment
        );

    /// <summary>A fallback of a service with this configuration.</summary>
    /// <summary>The default quota of idempotency keys.</summary>
    public static IdempotencyQuota Keys() =>
        new(Options.Create(new QuotaOptions()), new FakeTimeProvider(Moment));

    public static StoreFallback Fallback(StoreFailureMode mode = StoreFailureMode.Deny) =>
        new(
            new LocalCounters(),
            Options.Create(new StoreOptions { OnFailure = mode }),
            new FakeTimeProvider(Moment)
        );

    /// <summary>The log entry of some decision about a user.</summary>
    public static LogEntry LoggedOf(string user) => Logged(Decision(Policy()), user);

    /// <summary>The log entry of a decision.</summary>
    public static LogEntry Logged(
        Decision decision,
        string user = "alice",
        string route = "search",
        string role = "default",
        long cost = 1
    ) =>
        new(
            decision.DecidedAt,
            user,
            route,
            role,
            decision.Policy.Key.Role,
            decision.Allowed,
            decision.ShadowDenied,
            decision.Degraded,
            decision.Reason,
            cost,
            decision.Remaining,
            decision.Limit,
            decision.Capacity
        )
        {
            PartialGrant = decision.Allowed && decision.Granted != cost ? decision.Granted : null,
        };
}
