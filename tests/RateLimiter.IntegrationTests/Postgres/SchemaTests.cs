using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using RateLimiter.Infrastructure.Postgres.Database;
using RateLimiter.Infrastructure.Postgres.Schema;
using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests.Postgres;

public sealed class SchemaTests : PostgresTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private PostgresServer server = null!;
    private string database = null!;

    [SetUp]
    public async Task CreateAsync()
    {
        server = await PostgresServer.GetSharedAsync();
        database = await server.CreateDatabaseAsync();
    }

    [Test]
    public async Task Migrate_ManyAtOnce_OneAppliesAndTheOthersFindItDone()
    {
        var instances = Enumerable.Range(0, 5).Select(_ => Open()).ToList();

        var done = await Task.WhenAll(
            instances.Select(instance => instance.Schema().MigrateAsync(default))
        );

        Assert.That(done.Count(what => what.EndsWith("applied")), Is.EqualTo(1));
        Assert.That(done.Count(what => what == "there was nothing to apply"), Is.EqualTo(4));
        await RegisterAsync(instances[0].Ports);
        instances.ForEach(instance => instance.Dispose());
    }

    [TestCase(1)]
    [TestCase(2)]
    public async Task Migrate_ManyAtOnceBehindPgBouncer_OneAppliesAndTheOthersFindItDone(
        int connections
    )
    {
        await using var bouncer = await PgBouncer.StartAsync(server, connections);
        var instances = Enumerable
            .Range(0, 4)
            .Select(_ => PostgresRecords.Open(bouncer.ConnectionString(database), Redis))
            .ToList();

        var done = await Task.WhenAll(
                instances.Select(instance => instance.Schema().MigrateAsync(default))
            )
            .WaitAsync(Patience);

        Assert.That(done.Count(what => what.EndsWith("applied")), Is.EqualTo(1));
        await MustServeAsync(instances[0]);
        instances.ForEach(instance => instance.Dispose());
    }

    [Test]
    public async Task Migrate_OneConnectionAlone_DoesNotWaitForItself()
    {
        using var instance = PostgresRecords.Open(
            $"{server.ConnectionString(database)};Maximum Pool Size=1",
            Redis
        );

        var done = await instance.Schema().MigrateAsync(default).WaitAsync(Patience);

        Assert.That(done, Does.EndWith("applied"));
        await MustServeAsync(instance);
    }

    [Test]
    public async Task Migrate_Fails_LeavesNothingHalfDone()
    {
        await server.ExecuteAsync(
            database,
            "CREATE SCHEMA ratelimiter; CREATE TABLE ratelimiter.audit_settings (x int)"
        );
        using var instance = Open();

        Assert.CatchAsync(() => instance.Schema().MigrateAsync(default));

        Assert.That(
            await server.ExecuteAsync(
                database,
                "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'ratelimiter'"
            ),
            Is.EqualTo("audit_settings")
        );
    }

    [Test]
    public async Task Start_EmptyDatabase_SaysWhatItDoes()
    {
        using var instance = Open();
        var log = new FakeLogger<PostgresSchema>();
        using var schema = instance.Schema(log: log);

        await schema.StartAsync(default);
        await schema.StopAsync(default);

        Assert.That(
            log.Collector.GetSnapshot().Select(line => line.Level),
            Is.All.EqualTo(LogLevel.Information)
        );
        Assert.That(
            log.Collector.GetSnapshot()[0].Message,
            Does.StartWith("PostgreSQL is being migrated, and nothing can be changed until")
        );
    }

    [Test]
    public async Task Migrate_DatabaseOfALaterProgram_Refuses([Values] bool migrateAtStart)
    {
        using var instance = Open();
        await instance.Schema().MigrateAsync(default);
        await server.ExecuteAsync(
            database,
            "INSERT INTO ratelimiter.migrations VALUES ('29990101000000_Later', '99.0')"
        );
        instance.Options.MigrateAtStart = migrateAtStart;
        instance.Database.IsReady = false;

        using var schema = instance.Schema();
        var refusal = Assert.ThrowsAsync<PostgresSetupException>(() => schema.StartAsync(default));

        Assert.That(refusal!.Message, Does.Contain("newer").And.Contain("29990101000000_Later"));
        Assert.That(refusal.Message, Does.Not.Contain('\n'));
        Assert.That(instance.Database.IsReady, Is.False);
    }

    [Test]
    public async Task Start_NotToMigrateAndNotMigrated_SaysWhichCommandDoes()
    {
        using var instance = Open();
        instance.Options.MigrateAtStart = false;
        using var schema = instance.Schema();

        var refusal = Assert.ThrowsAsync<PostgresSetupException>(() => schema.StartAsync(default));

        Assert.That(refusal!.Message, Does.Contain("migrate").And.Not.Contain('\n'));
        Assert.That(
            await server.ExecuteAsync(
                database,
                "SELECT count(*) FROM pg_namespace WHERE nspname = 'ratelimiter'"
            ),
            Is.EqualTo("0")
        );
    }

    [Test]
    public void Start_RoleThatIsNone_Refuses()
    {
        using var instance = PostgresRecords.Open(
            server.ConnectionString(database, "nobody", "s3cret"),
            Redis
        );
        using var schema = instance.Schema();

        var refusal = Assert.ThrowsAsync<PostgresSetupException>(() => schema.StartAsync(default));

        Assert.That(refusal!.Message, Does.Contain("nobody").And.Not.Contain("s3cret"));
    }

    [Test]
    public async Task Start_DatabaseAway_StartsAndMigratesWhenItIsThere()
    {
        await using var own = await PostgresServer.StartAsync();
        var name = await own.CreateDatabaseAsync();
        await own.KillAsync();
        using var instance = PostgresRecords.Open(own.ConnectionString(name), Redis);
        instance.Database.IsReady = false;
        using var schema = instance.Schema();

        await schema.StartAsync(default);

        Assert.That(instance.Database.IsReady, Is.False);
        Assert.ThrowsAsync<RateLimiter.Application.Stores.StoreUnavailableException>(() =>
            RegisterAsync(instance.Ports)
        );
        await own.RunAsync();
        await Poll.UntilAsync(
            "It is not migrated.",
            TimeSpan.FromSeconds(30),
            () => Task.FromResult(instance.Database.IsReady)
        );
        await RegisterAsync(instance.Ports);
        await schema.StopAsync(default);
    }

    [TestCase(0)]
    [TestCase(30)]
    public async Task Migrate_RetentionDays_AreWhatTheDatabaseKeepsTo(int days)
    {
        using var instance = Open();
        await instance.Schema(retentionDays: 365).MigrateAsync(default);

        await instance.Schema(days).MigrateAsync(default);

        Assert.That(
            await server.ExecuteAsync(
                database,
                "SELECT retention_days FROM ratelimiter.audit_settings"
            ),
            Is.EqualTo($"{days}")
        );
    }

    // Including the relay, which queries the database while it reads the outbox entries.
    private async Task MustServeAsync(PostgresRecords instance)
    {
        var client = await RegisterAsync(instance.Ports);
        await server.ExecuteAsync(
            database,
            $"INSERT INTO ratelimiter.announcements (client_id, version) VALUES ('{client}', 999)"
        );

        await instance.Relay.RelayAsync(default).WaitAsync(Patience);

        Assert.That(
            await server.ExecuteAsync(
                database,
                "SELECT count(*) FROM ratelimiter.announcements WHERE version = 999"
            ),
            Is.EqualTo("0")
        );
    }

    private PostgresRecords Open() =>
        PostgresRecords.Open(server.ConnectionString(database), Redis);
}
