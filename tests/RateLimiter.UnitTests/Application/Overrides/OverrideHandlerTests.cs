using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Overrides;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Quotas;
using RateLimiter.Application.Stores;
using RateLimiter.Domain.Overrides;
using RateLimiter.UnitTests.Application.Clients;
using RateLimiter.UnitTests.Application.Policies;
using RateLimiter.UnitTests.Domain.Overrides;

namespace RateLimiter.UnitTests.Application.Overrides;

/// <summary>Creating, changing, deleting and importing overrides, on a repository of one client.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class OverrideHandlerTests
{
    private static readonly DateTimeOffset Later = TestData.Moment.AddHours(1);
    private static readonly OverrideDefinition Alice = OverrideCases.Definition();
    private static readonly OverrideDefinition Bob = OverrideCases.Definition("bob");

    private readonly KeptPolicies policies = new();
    private readonly KnownClient client = new();
    private readonly StoreRoom room = new();

    [Test]
    public async Task Create_Any_IsVersion1WithAnIdOfItsOwn()
    {
        var one = await CreatedAsync();
        var other = await CreatedAsync();

        Assert.That(
            (one.Version, one.CreatedAt, one.UpdatedAt, one.UpdatedBy),
            Is.EqualTo((1, Later, Later, TestData.Actor.KeyId))
        );
        Assert.That(one.Definition, Is.EqualTo(Alice));
        Assert.That(one.Id, Does.Match("^[0-9A-Za-z]{16}$").And.Not.EqualTo(other.Id));
        Assert.That(policies.Overrides.Values, Is.EquivalentTo(new[] { one, other }));
    }

    [Test]
    public async Task Update_WhatIsThere_IsItsNextVersion()
    {
        var before = await CreatedAsync();

        var outcome = await UpdateAsync(before.Id);

        var after = ((OverrideSaved)outcome).Override;
        Assert.That((after.Id, after.Version), Is.EqualTo((before.Id, 2)));
        Assert.That(policies.Overrides[before.Id], Is.SameAs(after));
    }

    [Test]
    public async Task Delete_WhatIsThere_IsGone()
    {
        var it = await CreatedAsync();

        Assert.That(await DeleteAsync(it.Id), Is.TypeOf<OverrideDeleted>());
        Assert.That(policies.Overrides, Is.Empty);
    }

    [TestCase("0123456789abcdef")]
    [TestCase("short")]
    [TestCase("0123456789abcde\0")]
    public async Task UpdateAndDelete_UnknownId_AreNotFound(string id)
    {
        Assert.That(await UpdateAsync(id), Is.TypeOf<OverrideNotFound>());
        Assert.That(await DeleteAsync(id), Is.TypeOf<OverrideNotFound>());
        Assert.That(policies.Changes, Is.Empty);
    }

    [Test]
    public async Task Update_ChangedMeanwhile_IsMadeOnWhatIsThereThen()
    {
        var it = await CreatedAsync();
        policies.BeforeChange = () =>
            policies.Overrides[it.Id] = OverrideCases.Of(Alice, it.Id, version: 5);

        var outcome = await UpdateAsync(it.Id);

        Assert.That(((OverrideSaved)outcome).Override.Version, Is.EqualTo(6));
    }

    [Test]
    public async Task Create_StoreIsFull_IsRefusedAndADeletionIsNot()
    {
        var it = await CreatedAsync();
        room.Note(full: true);

        Assert.That(() => CreateAsync(), Throws.TypeOf<StoreFullException>());
        Assert.That(await DeleteAsync(it.Id), Is.TypeOf<OverrideDeleted>());
    }

    [Test]
    public async Task Create_OnThisInstance_IsKnownToTheNextRequest()
    {
        var known = await client.KnownAfterAsync(() => CreateAsync());

        Assert.That(known!.Overrides.Overrides.Single().Definition, Is.EqualTo(Alice));
    }

    [Test]
    public async Task Import_WithOverrides_ChangesThemWithThePolicies()
    {
        var kept = await CreatedAsync();

        var outcome = (PoliciesImported)await ImportAsync([Alice, Bob]);

        Assert.That(outcome.Overrides!.Unchanged, Is.EqualTo(1));
        Assert.That(outcome.Overrides.Changes.Single().After!.Definition, Is.EqualTo(Bob));
        Assert.That(policies.Overrides.Keys, Does.Contain(kept.Id));
        Assert.That(policies.Overrides, Has.Count.EqualTo(2));
        Assert.That(outcome.Changes, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Import_WithoutTheMember_LeavesThem()
    {
        await CreatedAsync();

        var outcome = (PoliciesImported)await ImportAsync(null);

        Assert.That(outcome.Overrides, Is.Null);
        Assert.That(policies.Overrides, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task List_WithAFilter_AreThoseThatMeetItNewestFirst()
    {
        var (old, young) = (
            OverrideCases.Of(Alice, "a", age: 2),
            OverrideCases.Of(OverrideCases.Definition(route: "r", role: "x"), "b", age: 1)
        );
        (policies.Overrides["a"], policies.Overrides["b"]) = (old, young);

        Assert.That(await ListAsync(new()), Is.EqualTo(new[] { young, old }));
        Assert.That(await ListAsync(new(RouteKey: "r", Role: "x")), Is.EqualTo(new[] { young }));
        Assert.That(await ListAsync(new(Match: "alice", Subject: "user_id")), Has.Count.EqualTo(2));
        Assert.That(await ListAsync(new(Effect: OverrideEffect.Limits)), Is.Empty);
    }

    private async Task<Override> CreatedAsync() => ((OverrideSaved)await CreateAsync()).Override;

    private Task<PolicyOutcome> CreateAsync() =>
        new CreateOverrideHandler(Writer()).Handle(
            new CreateOverrideCommand(TestData.Client, Alice, TestData.Actor),
            CancellationToken.None
        );

    private Task<PolicyOutcome> UpdateAsync(string id) =>
        new UpdateOverrideHandler(policies, Writer()).Handle(
            new UpdateOverrideCommand(TestData.Client, id, Bob, TestData.Actor),
            CancellationToken.None
        );

    private Task<PolicyOutcome> DeleteAsync(string id) =>
        new DeleteOverrideHandler(policies, Writer()).Handle(
            new DeleteOverrideCommand(TestData.Client, id, TestData.Actor),
            CancellationToken.None
        );

    private Task<PolicyOutcome> ImportAsync(IReadOnlyList<OverrideDefinition>? overrides) =>
        new ImportPoliciesHandler(policies, Writer()).Handle(
            new ImportPoliciesCommand(
                TestData.Client,
                [TestData.Definition()],
                DeleteOthers: true,
                DryRun: false,
                TestData.Actor
            )
            {
                Overrides = overrides,
            },
            CancellationToken.None
        );

    private Task<IReadOnlyList<Override>> ListAsync(OverrideFilter filter) =>
        new ListOverridesHandler(policies).Handle(
            new ListOverridesQuery(TestData.Client, filter),
            CancellationToken.None
        );

    private PolicyWriter Writer() =>
        new(
            policies,
            client.Directory,
            room,
            Options.Create(new QuotaOptions()),
            new FakeTimeProvider(Later)
        );
}
