using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Logs;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Clients;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Keys;
using RateLimiter.Infrastructure.Redis.Logs;
using RateLimiter.Infrastructure.Redis.Policies;
using RateLimiter.IntegrationTests.Redis.Checks;
using RateLimiter.IntegrationTests.Redis.Connection;
using RateLimiter.IntegrationTests.Redis.Policies;
using StackExchange.Redis;

namespace RateLimiter.IntegrationTests.Redis.Clients;

public sealed class ClientDeletionTests(StoreKind kind) : StoreTests(kind)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly string[] Users = ["alice", "*", "}:}{", "a b", "ä€😀", ""];

    private RedisDeletionRepository repository = null!;
    private RedisPolicyRepository policies = null!;
    private RedisKeyRepository keys = null!;
    private RedisDecisionLog log = null!;
    private IDatabase database = null!;

    [SetUp]
    public async Task OpenAsync()
    {
        repository = new RedisDeletionRepository(Store.Connection);
        policies = Store.Connection.Policies();
        keys = new RedisKeyRepository(Store.Connection, TestStore.Quotas);
        log = new RedisDecisionLog(
            Store.Connection,
            Options.Create(new LogOptions()),
            TimeProvider.System,
            NullLogger<RedisDecisionLog>.Instance
        );
        await log.StartAsync(default);
        database = (await Store.Connection.Connected).GetDatabase();
    }

    [TearDown]
    public async Task CloseAsync()
    {
        await log.StopAsync(default);
        log.Dispose();
    }

    [Test]
    public async Task Delete_ClientThatHasEverything_LeavesNothingOfItAndAllOfItsNeighbours()
    {
        var client = new ClientId($"{ClientId.New().Value[..14]}aB");
        ClientId[] neighbours =
        [
            new($"{client.Value[..14]}aC"),
            new($"{client.Value[..14]}ab"),
            new($"{client.Value[..14]}AB"),
            new($"{client.Value[1..]}{client.Value[0]}"),
        ];
        await FillAsync(client);
        foreach (var neighbour in neighbours)
        {
            await FillAsync(neighbour);
        }

        var outcome = await DeleteAsync(client);

        // A counter for each user, on the route and under the catch-all policy, and for each of two limits.
        var counters = Users.Length * 2 * 2;
        Assert.That(outcome, Is.EqualTo(new DeletionOutcome(new(2, 1, 3, counters), true)));
        Assert.That(await NamesAsync(client), Is.Empty);
        Assert.That(await repository.ListAsync(default), Has.None.Matches(Of(client)));
        foreach (var neighbour in neighbours)
        {
            Assert.That(await NamesAsync(neighbour), Has.Count.EqualTo(11 + counters));
        }
    }

    [Test]
    public async Task Delete_ClientThatIsGone_StaysGone()
    {
        var client = await Store.RegisterAsync();
        var (version, ring) = (await keys.FindAsync(client, default))!.Value;
        await DeleteAsync(client);

        var clients = new RedisClientRepository(Store.Connection, TestStore.Quotas);
        Assert.That(await clients.FindAsync(client, default), Is.Null);
        Assert.That(await policies.SaveAsync(client, Policy()), Is.EqualTo(PolicySave.NoClient));
        Assert.That(
            await keys.IsSavedAsync(
                client,
                version,
                ring,
                new KeyRing([]),
                CounterStoreExtensions.Audit(AuditAction.KeyDeleted),
                default
            ),
            Is.False
        );
        await keys.SaveUsesAsync(
            client,
            new Dictionary<KeyHash, long> { [ring.Keys.First().Hash] = 1 },
            default
        );
        await LogAsync(client, 1);
        await LogAsync(client, new LogOptions().MaxEntries);

        Assert.That(await NamesAsync(client), Is.Empty);
    }

    [Test]
    public async Task DeleteCounters_20000_AreDeletedInBoundedSteps()
    {
        const int count = 20_000;
        var client = ClientId.New();
        await CountAsync(client, count);

        var steps = new List<int>();
        await foreach (var step in repository.DeleteCountersAsync(client, default))
        {
            steps.Add(step);
        }

        Assert.That(steps.Sum(), Is.EqualTo(count));
        // A server may return a few more keys than requested.
        Assert.That(steps, Has.All.LessThanOrEqualTo(2 * KeyScan.PageSize));
        Assert.That(await NamesAsync(client), Is.Empty);
    }

    [Test]
    public async Task DeleteCounters_OfAClientAmongManyOthers_LooksAtAPageInEachStep()
    {
        const int others = 20_000;
        var other = ClientId.New();
        await CountAsync(other, others);
        var client = ClientId.New();
        await CountAsync(client, 1);

        var steps = new List<int>();
        await foreach (var step in repository.DeleteCountersAsync(client, default))
        {
            steps.Add(step);
        }

        Assert.That(steps.Sum(), Is.EqualTo(1));
        Assert.That(steps, Has.Count.GreaterThanOrEqualTo(others / (2 * KeyScan.PageSize)));
        Assert.That(await NamesAsync(other), Has.Count.EqualTo(others));
        await DeleteAsync(other);
    }

    [Test]
    public async Task Delete_KilledAtAnyStep_IsResumedAndCompleted([Values] bool stepIsDone)
    {
        // More than the number of steps.
        const int enough = 100;
        var killed = 0;
        for (var step = 1; step <= enough; step++)
        {
            var client = await Store.RegisterAsync();
            await FillAsync(client);
            var all = await NamesAsync(client);
            var mortal = new MortalRepository(repository, step, stepIsDone);
            if (await TryDeleteAsync(mortal, client))
            {
                break;
            }

            killed++;
            await ResumeAsync(client);

            // A deletion that was not even noted is not performed.
            var isNoted = step > 1 || stepIsDone;
            Assert.That(await NamesAsync(client), isNoted ? Is.Empty : Is.EquivalentTo(all));
        }

        // The beginning, the client, a note, counters searched and found, the end.
        Assert.That(killed, Is.GreaterThanOrEqualTo(6).And.LessThan(enough));
    }

    [Test]
    public async Task Resume_OnTwoInstances_OneOfThemGoesOn()
    {
        var client = await Store.RegisterAsync();
        var begun = new ClientDeletion(
            client,
            Somewhen,
            DeletionSummary.None,
            CounterStoreExtensions.Actor
        );
        await repository.TryBeginAsync(begun, default);
        var resumed = begun with { NotedAt = Somewhen.AddSeconds(20), Deleted = new(1, 2, 3, 4) };

        var isFirst = await repository.TryNoteAsync(begun, resumed, default);
        var isSecond = await repository.TryNoteAsync(
            begun,
            resumed with
            {
                NotedAt = Somewhen.AddSeconds(21),
            },
            default
        );

        Assert.That((isFirst, isSecond), Is.EqualTo((true, false)));
        Assert.That(
            (await repository.ListAsync(default)).Where(deletion => deletion.Client == client),
            Is.EqualTo(new[] { resumed })
        );
        Assert.That(await repository.TryBeginAsync(begun, default), Is.False);
        Assert.That(await repository.TryNoteAsync(begun, null, default), Is.False);
        Assert.That(await repository.TryNoteAsync(resumed, null, default), Is.True);
        Assert.That(await repository.ListAsync(default), Has.None.Matches(Of(client)));
    }

    private static DateTimeOffset Somewhen => DateTimeOffset.FromUnixTimeSeconds(1_755_859_212);

    private static Predicate<ClientDeletion> Of(ClientId client) =>
        deletion => deletion.Client == client;

    private static Policy Policy(string route = "route", params Limit[] limits) =>
        Domain.Policies.Policy.Create(
            new PolicyDefinition(
                PolicyKey.Create(route, null),
                limits is []
                    ? [CounterStoreExtensions.Limit(Algorithm.FixedWindow, 9, 3600)]
                    : [.. limits],
                Description: null,
                IsActive: true,
                PolicyMode.Enforce
            ),
            DateTimeOffset.UnixEpoch
        );

    /// <summary>Creates two policies and a deleted one, a key and its use, three logged decisions, a logged change, and counters.</summary>
    private async Task FillAsync(ClientId client)
    {
        var (key, _) = ApiKey.Generate(client);
        var first = ClientKey.Create(key, "first", Scopes.Admin, Somewhen);
        await new RedisClientRepository(Store.Connection, TestStore.Quotas).AddAsync(
            new NewClient(client, "test", first, Somewhen),
            CounterStoreExtensions.Audit(AuditAction.ClientRegistered),
            default
        );
        // RegisterAsync may have created one before.
        await database.HashDeleteAsync(
            RedisKeys.ApiKeys(client),
            [
                .. (await database.HashKeysAsync(RedisKeys.ApiKeys(client))).Where(hash =>
                    hash != $"{first.Hash}"
                ),
            ]
        );
        await keys.SaveUsesAsync(
            client,
            new Dictionary<KeyHash, long> { [first.Hash] = 1 },
            default
        );
        Limit[] limits =
        [
            CounterStoreExtensions.Limit(Algorithm.FixedWindow, 9, 3600),
            CounterStoreExtensions.Limit(Algorithm.SlidingLog, 9, 3600, name: "exact"),
        ];
        foreach (var route in new[] { "route", "*" })
        {
            var policy = Policy(route, limits);
            await policies.SaveAsync(client, policy);
            foreach (var user in Users)
            {
                var subject = new Subject(client, user, route == "*" ? "other" : null);
                await Counters.TakeAsync(subject, policy, cost: 1);
            }
        }

        var deleted = Policy("deleted");
        await policies.SaveAsync(client, deleted);
        await policies.ChangeAsync(client, PolicyHead.Of(deleted).Delete());
        await LogAsync(client, 3);
    }

    private async Task CountAsync(ClientId client, int count)
    {
        var limit = CounterStoreExtensions.Limit(Algorithm.FixedWindow, 9, 3600);
        foreach (var users in Enumerable.Range(0, count).Chunk(100))
        {
            await Store.Connection.AskAsync(
                RedisKeys.Deletions,
                async database =>
                    await Task.WhenAll(
                        users.Select(user =>
                            database.StringSetAsync(
                                CounterStoreExtensions.KeyOf(
                                    new Subject(client, $"{user}", null),
                                    limit
                                ),
                                "1",
                                TimeSpan.FromHours(1)
                            )
                        )
                    ),
                Patience,
                default
            );
        }
    }

    private async Task LogAsync(ClientId client, int count)
    {
        for (var i = 0; i < count; i++)
        {
            log.Record(client, LogLines.Logged("alice", i));
        }

        log.Record(client, LogLines.Logged("alice") with { Kind = LogEntryKind.Refund });
        await log.FlushAsync(default);
    }

    /// <summary>All keys in the store that contain the client's id.</summary>
    private async Task<IReadOnlyList<string>> NamesAsync(ClientId client)
    {
        var names = new HashSet<string>();
        var server = (await Store.Connection.Connected).GetServers()[0];
        await foreach (var key in server.KeysAsync())
        {
            if ($"{key}".Contains(client.Value, StringComparison.Ordinal))
            {
                names.Add($"{key}");
            }
        }

        return [.. names];
    }

    private async Task<DeletionOutcome> DeleteAsync(ClientId client)
    {
        var time = new FakeTimeProvider(Somewhen);
        using var deletions = Deletions(repository, time);
        return await PassAsync(
            time,
            deletions.DeleteAsync(client, CounterStoreExtensions.Actor, Patience, default)
        );
    }

    /// <summary>Deletes a client until the repository fails.</summary>
    private async Task<bool> TryDeleteAsync(IDeletionRepository mortal, ClientId client)
    {
        var time = new FakeTimeProvider(Somewhen);
        using var deletions = Deletions(mortal, time);
        try
        {
            var outcome = await PassAsync(
                time,
                deletions.DeleteAsync(client, CounterStoreExtensions.Actor, Patience, default)
            );
            return outcome.IsComplete;
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }

    /// <summary>Another instance continues what the first left behind.</summary>
    private async Task ResumeAsync(ClientId client)
    {
        var time = new FakeTimeProvider(Somewhen + TimeSpan.FromMinutes(1));
        using var deletions = Deletions(repository, time);
        await deletions.StartAsync(default);
        await PassAsync(time, GoneAsync());
        await deletions.StopAsync(default);

        async Task<bool> GoneAsync()
        {
            while ((await repository.ListAsync(default)).Any(it => it.Client == client))
            {
                await Task.Delay(5);
            }

            return true;
        }
    }

    /// <summary>Advances the clock until the task has completed.</summary>
    private static async Task<T> PassAsync<T>(FakeTimeProvider time, Task<T> task)
    {
        using var late = new CancellationTokenSource(Patience);
        while (!task.IsCompleted)
        {
            late.Token.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(task, Task.Delay(5));
        }

        return await task;
    }

    private ClientDeletions Deletions(IDeletionRepository repository, TimeProvider time) =>
        new(
            repository,
            new ClientDirectory(
                new RedisClientRepository(Store.Connection, TestStore.Quotas),
                Invalidations,
                Options.Create(new StoreOptions()),
                Options.Create(new ClientOptions()),
                time,
                time
            ),
            new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance),
            time,
            NullLogger<ClientDeletions>.Instance
        );

    /// <summary>
    /// The repository of an instance that is killed at a step, before or after the step was done. Afterwards every call
    /// fails.
    /// </summary>
    private sealed class MortalRepository(
        RedisDeletionRepository inner,
        int lastStep,
        bool isLastStepDone
    ) : IDeletionRepository
    {
        private int step;

        public Task<IReadOnlyList<ClientDeletion>> ListAsync(CancellationToken cancellationToken) =>
            inner.ListAsync(cancellationToken);

        public Task<bool> TryBeginAsync(
            ClientDeletion deletion,
            CancellationToken cancellationToken
        ) => StepAsync(() => inner.TryBeginAsync(deletion, cancellationToken));

        public Task<bool> TryNoteAsync(
            ClientDeletion before,
            ClientDeletion? after,
            CancellationToken cancellationToken
        ) => StepAsync(() => inner.TryNoteAsync(before, after, cancellationToken));

        public Task<DeletionSummary> DeleteClientAsync(
            ClientDeletion deletion,
            CancellationToken cancellationToken
        ) => StepAsync(() => inner.DeleteClientAsync(deletion, cancellationToken));

        public async IAsyncEnumerable<int> DeleteCountersAsync(
            ClientId client,
            [System.Runtime.CompilerServices.EnumeratorCancellation]
                CancellationToken cancellationToken
        )
        {
            await StepAsync(() => Task.FromResult(0));
            await foreach (var count in inner.DeleteCountersAsync(client, cancellationToken))
            {
                if (count > 0)
                {
                    await StepAsync(() => Task.FromResult(count));
                }

                yield return count;
            }
        }

        private async Task<T> StepAsync<T>(Func<Task<T>> act)
        {
            step++;
            if (step < lastStep)
            {
                return await act();
            }

            if (step == lastStep && isLastStepDone)
            {
                await act();
            }

            throw new StoreUnavailableException("It is dead.");
        }
    }
}
