using Microsoft.Extensions.Options;
using RateLimiter.Application.Audit;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Audit;
using RateLimiter.Infrastructure.Redis.Clients;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Keys;
using RateLimiter.Infrastructure.Redis.Policies;
using RateLimiter.IntegrationTests.Redis.Checks;
using StackExchange.Redis;

namespace RateLimiter.IntegrationTests.Redis.Policies;

/// <summary>Old versions and audit trails, of which the oldest entries are removed when they use too much.</summary>
public sealed class HistoryTests(StoreKind kind) : StoreTests(kind)
{
    private const int MaxBytes = 4096;

    private static readonly PolicyKey Key = PolicyKey.Create("route\n1 ", "{role}");

    private RedisPolicyRepository policies = null!;
    private RedisKeyRepository keys = null!;
    private RedisAuditRepository audit = null!;
    private IDatabase database = null!;

    [SetUp]
    public async Task OpenAsync()
    {
        var quotas = Options.Create(new QuotaOptions { MaxHistoryBytes = MaxBytes });
        policies = Store.Connection.Policies(quotas);
        keys = new RedisKeyRepository(Store.Connection, quotas);
        audit = Store.Connection.Audit();
        database = (await Store.Connection.Connected).GetDatabase();
    }

    [Test]
    public async Task Change_MoreVersionsThanThereIsRoomFor_KeepsTheNewest()
    {
        const int count = 50;
        var client = await Store.RegisterAsync();

        for (var i = 0; i < count; i++)
        {
            await SaveAsync(client, Key);
        }

        var versions = await policies.ListVersionsAsync(client, Key, null, 100, default);
        // One is the policy itself, which is not part of the history.
        Assert.That(versions, Has.Count.GreaterThan(5).And.Count.LessThan(count));
        Assert.That(
            versions.Select(version => version.Version),
            Is.EqualTo(Enumerable.Range(0, versions.Count).Select(age => count - age))
        );
        Assert.That(
            await policies.ListVersionsAsync(client, Key, count - versions.Count, 100, default),
            Is.Empty
        );
        await AssertBytesAreRightAsync(client);
    }

    [Test]
    public async Task Change_ManyPoliciesAtOnceMoreThanThereIsRoomFor_KeepsTheNewest()
    {
        const int count = 300;
        var client = await Store.RegisterAsync();
        var heads = Enumerable.Range(0, count).Select(i => PolicyHead.None(new($"{i}", "role")));
        PolicyChange[] creations = [.. heads.Select(Save)];
        await policies.ChangeAsync(client, creations);
        PolicyChange[] updates = [.. creations.Select(it => Save(PolicyHead.Of(it.After!)))];

        await policies.ChangeAsync(client, updates);

        var kept = 0;
        for (var i = 0; i < count; i++)
        {
            var key = updates[i].Key;
            var versions = await policies.ListVersionsAsync(client, key, null, 9, default);
            Assert.That(versions, Has.Count.EqualTo(kept > 0 ? 2 : versions.Count));
            kept += versions.Count - 1;
        }

        Assert.That(kept, Is.GreaterThan(5).And.LessThan(count));
        var trail = await TrailAsync(client);
        Assert.That(trail[0].Record.After, Is.InstanceOf<AuditedPolicy>());
        Assert.That(trail, Has.Count.GreaterThan(2).And.Count.LessThan(count));
        await AssertBytesAreRightAsync(client);
    }

    [Test]
    public async Task Delete_UntilItsDeletionIsForgotten_BeginsAnew()
    {
        var client = await Store.RegisterAsync();
        await SaveAsync(client, Key);
        await DeleteAsync(client, Key);
        Assert.That((await policies.FindAsync(client, Key, default)).Version, Is.EqualTo(2));

        for (var i = 0; i < 50; i++)
        {
            await SaveAsync(client, new PolicyKey("other", "role"));
        }

        Assert.That(
            await policies.FindAsync(client, Key, default),
            Is.EqualTo(PolicyHead.None(Key))
        );
        Assert.That(await policies.ListVersionsAsync(client, Key, null, 9, default), Is.Empty);
        Assert.That((await policies.ListAsync(client, default)).Heads, Has.Count.EqualTo(1));
        Assert.That(await SaveAsync(client, Key), Is.EqualTo(1));
        await AssertBytesAreRightAsync(client);
    }

    [Test]
    public async Task Delete_WhenAnEarlierDeletionIsForgotten_KeepsTheLaterOne()
    {
        var client = await Store.RegisterAsync();
        for (var i = 0; i < 50; i++)
        {
            await SaveAsync(client, Key);
            await DeleteAsync(client, Key);
        }

        Assert.That((await policies.FindAsync(client, Key, default)).Version, Is.EqualTo(100));
        var versions = await policies.ListVersionsAsync(client, Key, null, 100, default);
        Assert.That(versions, Has.Count.GreaterThan(5).And.Count.LessThan(100));
        Assert.That(versions[0].Policy, Is.Null);
        await AssertBytesAreRightAsync(client);
    }

    [Test]
    public async Task Append_MoreThanThereIsRoomFor_KeepsTheNewestUnderTheirIds()
    {
        const int count = 50;
        var client = await Store.RegisterAsync();
        for (var i = 0; i < count; i++)
        {
            var (version, ring) = (await keys.FindAsync(client, default))!.Value;
            var record = CounterStoreExtensions.Audit(AuditAction.KeyCreated) with
            {
                After = new AuditedKey($"{i}", "", "", Scopes.None, default, null),
            };
            await keys.IsSavedAsync(client, version, ring, ring, record, default);
        }

        var trail = await TrailAsync(client);
        Assert.That(trail, Has.Count.GreaterThan(5).And.Count.LessThan(count));
        // The first entry is about the registration.
        Assert.That(
            trail.Select(entry => (entry.Id, (entry.Record.After as AuditedKey)?.Id)),
            Is.EqualTo(
                Enumerable
                    .Range(0, trail.Count)
                    .Select(age => ((long)(count + 1 - age), $"{count - 1 - age}"))
            )
        );
        Assert.That(
            await audit.ListAsync(client, new AuditFilter(), trail[^1].Id, 9, default),
            Is.Empty
        );
        await AssertBytesAreRightAsync(client);
    }

    [Test]
    public async Task Change_WhatAloneIsMoreThanThereIsRoomFor_KeepsNoHistory()
    {
        var client = await Store.RegisterAsync();
        var head = PolicyHead.None(Key);
        var large = Save(head, new string('x', MaxBytes));

        await policies.ChangeAsync(client, large);
        await policies.ChangeAsync(client, PolicyHead.Of(large.After!).Delete());

        Assert.That(await TrailAsync(client), Is.Empty);
        var versions = await policies.ListVersionsAsync(client, Key, null, 9, default);
        Assert.That(versions.Select(version => version.Version), Is.EqualTo([2]));
        await AssertBytesAreRightAsync(client);
    }

    [Test]
    public async Task Delete_ClientWithAHistory_LeavesNoneOfItsNames()
    {
        var client = await Store.RegisterAsync();
        await SaveAsync(client, Key);
        await DeleteAsync(client, Key);
        RedisKey[] names =
        [
            RedisKeys.DeletedPolicies(client),
            RedisKeys.PolicyVersions(client),
            RedisKeys.PolicyVersionOrder(client),
            RedisKeys.Audit(client),
        ];
        Assert.That(await database.KeyExistsAsync(names), Is.EqualTo(names.Length));

        await new RedisDeletionRepository(Store.Connection).DeleteClientAsync(
            new ClientDeletion(client, default, DeletionSummary.None, CounterStoreExtensions.Actor),
            default
        );

        Assert.That(await database.KeyExistsAsync(names), Is.Zero);
    }

    [Test]
    public async Task Change_OfAClientThatIsGone_MakesNoName()
    {
        var client = ClientId.New();

        await policies.ChangeAsync(client, Save(PolicyHead.None(Key)));
        await keys.IsSavedAsync(
            client,
            0,
            new KeyRing([]),
            new KeyRing([]),
            CounterStoreExtensions.Audit(AuditAction.KeyCreated),
            default
        );

        RedisKey[] names =
        [
            RedisKeys.Client(client),
            RedisKeys.Policies(client),
            RedisKeys.DeletedPolicies(client),
            RedisKeys.PolicyVersions(client),
            RedisKeys.PolicyVersionOrder(client),
            RedisKeys.Audit(client),
        ];
        Assert.That(await database.KeyExistsAsync(names), Is.Zero);
    }

    private static PolicyChange Save(PolicyHead head) => Save(head, null);

    private static PolicyChange Save(PolicyHead head, string? description) =>
        head.Save(
            new PolicyDefinition(
                head.Key,
                [CounterStoreExtensions.Limit(Algorithm.FixedWindow, 1, 60)],
                description,
                IsActive: true,
                PolicyMode.Enforce
            ),
            DateTimeOffset.UnixEpoch,
            CounterStoreExtensions.Actor
        );

    private async Task<long> SaveAsync(ClientId client, PolicyKey key)
    {
        var change = Save(await policies.FindAsync(client, key, default));
        Assert.That(await policies.ChangeAsync(client, change), Is.EqualTo(PolicySave.Saved));
        return change.Version;
    }

    private async Task DeleteAsync(ClientId client, PolicyKey key)
    {
        var head = await policies.FindAsync(client, key, default);
        Assert.That(
            await policies.ChangeAsync(client, head.Delete()),
            Is.EqualTo(PolicySave.Saved)
        );
    }

    private Task<IReadOnlyList<AuditEntry>> TrailAsync(ClientId client) =>
        audit.ListAsync(client, new AuditFilter(), null, 100_000, default);

    /// <summary>The recorded size equals the actual size, and is within the quota.</summary>
    private async Task AssertBytesAreRightAsync(ClientId client)
    {
        await AssertAsync(RedisKeys.PolicyVersions(client), "version_bytes");
        await AssertAsync(RedisKeys.Audit(client), "audit_bytes");
        var kept = await database.HashValuesAsync(RedisKeys.Policies(client));
        Assert.That(await CountedAsync("policy_bytes"), Is.EqualTo(kept.Sum(it => it.Length())));
        var ids = (await TrailAsync(client)).Select(entry => entry.Id).ToList();
        var (first, last) = (await CountedAsync("audit_first"), await CountedAsync("audit_last"));
        Assert.That(last + 1 - first, Is.EqualTo(ids.Count));
        Assert.That(ids, Is.EqualTo(ids.Select((_, age) => last - age)));
        var versions = await database.HashKeysAsync(RedisKeys.PolicyVersions(client));
        var order = await database.ListRangeAsync(RedisKeys.PolicyVersionOrder(client));
        Assert.That(order, Is.EquivalentTo(versions));

        async Task AssertAsync(RedisKey name, string counter)
        {
            var fields = await database.HashGetAllAsync(name);
            var bytes = fields.Sum(it => it.Name.Length() + it.Value.Length());
            Assert.That(await CountedAsync(counter), Is.EqualTo(bytes));
            Assert.That(bytes, Is.LessThanOrEqualTo(MaxBytes));
        }

        async Task<long> CountedAsync(string counter) =>
            (long)await database.HashGetAsync(RedisKeys.Client(client), counter);
    }
}
