using System.Text.Json;
using RateLimiter.Application.Audit;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.IntegrationTests.Contracts;

/// <summary>
/// The contracts that every store must satisfy. The tests use only the ports, are isolated by using clients of their
/// own, and use whole milliseconds, which every store preserves.
/// </summary>
[TestFixtureSource(typeof(ContractStore), nameof(ContractStore.All))]
public abstract class ContractTests(ContractStore store)
{
    protected static readonly DateTimeOffset Now = new(2026, 2, 3, 4, 5, 6, 789, TimeSpan.Zero);

    protected static readonly Actor Actor = new("abcdefghijkl", "2001:db8::1", "0123456789abcdef");

    protected static readonly PolicyQuota Plenty = new(20_000, 64 << 20);

    private Ports ports = null!;

    protected IClientRepository Clients => ports.Clients;

    protected IKeyRepository Keys => ports.Keys;

    protected IPolicyRepository Policies => ports.Policies;

    protected IAuditRepository Audit => ports.Audit;

    protected IDeletionRepository Deletions => ports.Deletions;

    [OneTimeSetUp]
    public async Task OpenAsync() => ports = await store.OpenAsync();

    protected static NewClient NewClient(string name = "test")
    {
        var id = ClientId.New();
        return new NewClient(id, name, NewKey(id, Scopes.Admin), Now);
    }

    protected static ClientKey NewKey(ClientId client, Scopes scopes, TimeSpan? lifetime = null) =>
        ClientKey.Create(ApiKey.Generate(client).Key, "key", scopes, Now, lifetime);

    protected static AuditRecord Registration(NewClient client) =>
        new(
            AuditAction.ClientRegistered,
            Now,
            Actor with
            {
                KeyId = null,
            },
            null,
            new AuditedClient(client.Name)
        );

    protected static AuditRecord Creation(ClientKey key) =>
        new(AuditAction.KeyCreated, Now, Actor, null, AuditedKey.Of(key));

    protected async Task<ClientId> RegisterAsync()
    {
        var client = NewClient();
        await Clients.AddAsync(client, Registration(client), default);
        return client.Id;
    }

    protected static PolicyDefinition Definition(
        string route = "route",
        string? role = null,
        string? description = null
    ) =>
        new(
            PolicyKey.Create(route, role),
            [
                RateLimit.Create("short", Algorithm.TokenBucket, 7, TimeSpan.FromSeconds(2), 20),
                RateLimit.Create("long", Algorithm.FixedWindow, 900, TimeSpan.FromDays(1)),
            ],
            description,
            IsActive: true,
            PolicyMode.Shadow,
            StoreFailureMode.Local
        );

    protected static PolicyChanges Changes(params IReadOnlyList<PolicyChange> changes) =>
        new(changes, SetVersion: null, Now, Actor);

    protected Task<PolicySave> TryAsync(
        ClientId client,
        params IReadOnlyList<PolicyChange> changes
    ) => Policies.OutcomeAsync(client, Changes(changes), Plenty, default);

    /// <summary>Saves a policy on top of its current version.</summary>
    protected async Task<Policy> SaveAsync(
        ClientId client,
        PolicyDefinition definition,
        DateTimeOffset? at = null
    )
    {
        var moment = at ?? Now;
        var head = await Policies.FindAsync(client, definition.Key, default);
        var change = head.Save(definition, moment, Actor);
        var changes = Changes(change) with { At = moment };
        Assert.That(
            await Policies.OutcomeAsync(client, changes, Plenty, default),
            Is.EqualTo(PolicySave.Saved)
        );
        return change.After!;
    }

    /// <summary>Deletes a policy on top of its current version.</summary>
    protected async Task DeleteAsync(ClientId client, PolicyKey key, DateTimeOffset? at = null)
    {
        var head = await Policies.FindAsync(client, key, default);
        var changes = Changes(head.Delete()) with { At = at ?? Now };
        Assert.That(
            await Policies.OutcomeAsync(client, changes, Plenty, default),
            Is.EqualTo(PolicySave.Saved)
        );
    }

    protected Task<IReadOnlyList<AuditEntry>> TrailAsync(ClientId client) =>
        Audit.ListAsync(client, new AuditFilter(), before: null, limit: 100_000, default);

    /// <summary>Everything that can be read about policies, as text.</summary>
    protected async Task<string> StateAsync(ClientId client)
    {
        var set = await Policies.ListAsync(client, default);
        var versions = new List<PolicyVersion>();
        foreach (var key in set.Heads.Select(head => head.Key).Order().Take(10))
        {
            versions.AddRange(await Policies.ListVersionsAsync(client, key, null, 100, default));
        }

        return Text(
            new
            {
                set.Version,
                Heads = set.Heads.OrderBy(head => head.Key),
                Versions = versions,
                Audit = (await TrailAsync(client)).Select(Text),
                Client = await Clients.FindVersionAsync(client, default),
            }
        );
    }

    /// <summary>The whole content of a value, for comparing values that contain lists.</summary>
    protected static string Text(object? value) =>
        value switch
        {
            AuditEntry entry => $"{entry.Id} {Text(entry.Record)}",
            AuditRecord record => $"{record.Action} {record.At:O} {record.Actor} "
                + $"{Text(record.Before)} {Text(record.After)}",
            _ => JsonSerializer.Serialize(value, value?.GetType() ?? typeof(object)),
        };
}
