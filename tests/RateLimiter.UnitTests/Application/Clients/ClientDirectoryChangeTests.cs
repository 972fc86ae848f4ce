using Microsoft.Extensions.Time.Testing;
using Moq;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application.Clients;

/// <summary>
/// Changes that were made here or received while the store does not answer, and how long requests wait for the store.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ClientDirectoryChangeTests
{
    private static readonly TimeSpan CheckTimeout = new StoreOptions().Timeout;
    private static readonly (ApiKey Key, string Text) Own = ApiKey.Generate(TestData.Client);
    private static readonly (ApiKey Key, string Text) Other = ApiKey.Generate(TestData.Client);

    private readonly PendingClientRepository store = new();
    private readonly Mock<IClientChanges> changes = new();
    private readonly FakeTimeProvider time = new(TestData.Moment);
    private readonly ClientDirectory directory;

    public ClientDirectoryChangeTests() =>
        directory = TestData.Directory(store, changes.Object, time);

    // Changes

    [Test]
    public async Task Apply_StoreFails_TheChangeHolds()
    {
        await WarmAsync(1);

        Save(2, "a");

        var known = await LookUpInVainAsync();
        Assert.That(Routes(known!.Client), Is.EqualTo(new[] { "a" }));
        Assert.That(known.Client.Version, Is.EqualTo(2));
    }

    [Test]
    public async Task Apply_KeyRevokedAndStoreFails_IsKeptOutWhileOthersAreAccepted()
    {
        await WarmAsync(1);

        Revoke(2, Other.Key);

        Assert.That(await LookUpInVainAsync(Other.Key), Is.Null);
        Assert.That(await LookUpInVainAsync(), Is.Not.Null);
    }

    [Test]
    public async Task Apply_StoreAnswers_IsLoadedAnew()
    {
        await WarmAsync(1);

        Save(2, "a");

        var lookUp = LookUpAsync();
        var load = await store.NextLoadAsync();
        Assert.That(store.Known, Is.EqualTo(2), "A copy that is older is none.");
        load.SetResult(Snapshot(3, "a", "b"));
        Assert.That(Routes((await lookUp.Soon())!.Client), Is.EqualTo(new[] { "a", "b" }));
    }

    [Test]
    public async Task Apply_StoreAnswers_OnlyWhatHasChangedSinceTheLastLoadIsAskedFor()
    {
        await WarmAsync(1);

        Save(2, "a");
        Save(4, "b");

        var lookUp = LookUpAsync();
        var load = await store.NextLoadAsync();
        Assert.That(store.Loaded!.Version, Is.EqualTo(1), "A change that is lost would stay.");
        Assert.That(Routes(store.Loaded), Is.Empty);
        load.SetResult(Snapshot(4, "a", "b"));
        await lookUp.Soon();
    }

    [Test]
    public async Task Apply_MessagesMissedSinceTheLastLoad_AllOfItIsAskedFor()
    {
        await WarmAsync(1);
        time.Advance(TimeSpan.FromSeconds(1));
        changes.Raise(it => it.MessagesLost += null);

        Save(2, "a");
        time.Advance(TimeSpan.FromSeconds(1));

        var lookUp = LookUpAsync();
        var load = await store.NextLoadAsync();
        Assert.That(store.Loaded, Is.Null, "It may be of another store.");
        load.SetResult(Snapshot(2, "a"));
        await lookUp.Soon();
        directory.Invalidate(TestData.Client);
        _ = LookUpAsync();
        await store.NextLoadAsync();
        Assert.That(store.Loaded!.Version, Is.EqualTo(2));
    }

    [Test]
    public async Task Apply_DuringALoad_IsNotUndoneByIt()
    {
        await WarmAsync(1);
        directory.Invalidate(TestData.Client);
        var early = LookUpAsync();
        var load = await store.NextLoadAsync();

        Save(2, "a");
        load.SetResult(Snapshot(1));
        await early.Soon();

        Assert.That(Routes((await LookUpInVainAsync())!.Client), Is.EqualTo(new[] { "a" }));
    }

    [Test]
    public async Task Apply_DuringALoadThatComesToNothing_WhoeverWaitedFindsTheChange()
    {
        await WarmAsync(1);
        directory.Invalidate(TestData.Client);
        var early = LookUpAsync(Other.Key);
        var load = await store.NextLoadAsync();

        Revoke(2, Other.Key);
        load.SetException(new StoreUnavailableException("gone"));

        Assert.That(await early.Soon(), Is.Null);
    }

    [Test]
    public async Task Apply_TheStoreHasLostTheChange_TheStoreDecides()
    {
        await WarmAsync(1);
        Save(2, "a");

        var lookUp = LookUpAsync();
        (await store.NextLoadAsync()).SetResult(Snapshot(1));

        Assert.That(Routes((await lookUp.Soon())!.Client), Is.Empty);
    }

    [TestCase(2, 3)]
    [TestCase(3, 2)]
    [TestCase(4, 6)]
    [TestCase(6, 4)]
    public async Task Apply_InAnyOrder_TheLaterVersionDecides(long first, long second)
    {
        await WarmAsync(1);
        var saved = PolicyHead
            .None(TestData.Policy("a").Key)
            .Save(TestData.Definition("a"), TestData.Moment, TestData.Actor);
        var deleted = PolicyHead.Of(saved.After!).Delete();

        foreach (var version in new[] { first, second })
        {
            Change(version, version == Math.Min(first, second) ? saved : deleted);
        }

        var known = (await LookUpInVainAsync())!.Client;
        Assert.That(Routes(known), Is.Empty);
        Assert.That(known.Version, Is.EqualTo(Math.Max(first, second)));
    }

    [Test]
    public async Task Apply_OfWhatIsKnownAlready_ChangesNothing()
    {
        await WarmAsync(5);

        Save(5, "a");

        Assert.That(Routes((await LookUpInVainAsync())!.Client), Is.Empty);
    }

    [Test]
    public async Task Apply_ManyWithGapsBetweenThem_AllHold()
    {
        await WarmAsync(1);

        for (var i = 1; i <= 100; i++)
        {
            Save(2 * i + 1, $"{i:000}");
        }

        var known = (await LookUpInVainAsync())!.Client;
        Assert.That(Routes(known), Has.Count.EqualTo(100));
    }

    [Test]
    public async Task Apply_VersionNotKnown_HoldsAboveOthers()
    {
        await WarmAsync(1);

        Save(ClientDirectory.Latest, "a");
        Save(2, "b");

        Assert.That(Routes((await LookUpInVainAsync())!.Client), Is.EqualTo(new[] { "a", "b" }));
    }

    [Test]
    public void Apply_ClientThatIsNotKnown_KeepsNothing()
    {
        Save(2, "a");

        Assert.That(directory.Knows(TestData.Client), Is.False);
    }

    [Test]
    public async Task Revoked_OnAnotherInstanceAndStoreFails_IsKeptOut()
    {
        await WarmAsync(1);

        HearRevoked(Other.Key);
        changes.Raise(it => it.Changed += null, TestData.Client);

        Assert.That(await LookUpInVainAsync(Other.Key), Is.Null);
        Assert.That(await LookUpInVainAsync(), Is.Not.Null);
    }

    [Test]
    public async Task Revoked_HeardOfARotationBeforeItIsAnsweredHere_TheNewKeyIsAccepted(
        [Values] bool isHeardFirst
    )
    {
        await WarmAsync(1);
        var (successor, _) = ApiKey.Generate(TestData.Client);
        if (isHeardFirst)
        {
            HearRevoked(Other.Key);
        }

        directory.Apply(
            TestData.Client,
            2,
            known =>
                known with
                {
                    Keys = new KeyRing([TestData.Key(Own.Key.Hash), TestData.Key(successor.Hash)]),
                }
        );
        if (!isHeardFirst)
        {
            HearRevoked(Other.Key);
        }

        Assert.That(await LookUpInVainAsync(successor), Is.Not.Null);
        Assert.That(await LookUpInVainAsync(Other.Key), Is.Null);
    }

    // Waits

    [Test]
    public async Task Find_ChangedAndStoreHangs_WaitsForHalfACheckAndUsesWhatIsKnown()
    {
        await WarmAsync(1);
        directory.Invalidate(TestData.Client);

        var lookUp = LookUpAsync();
        await store.NextLoadAsync();
        time.Advance((CheckTimeout / 2) - TimeSpan.FromTicks(1));
        Assert.That(lookUp.IsCompleted, Is.False);
        time.Advance(TimeSpan.FromTicks(1));

        var found = (await lookUp.Soon())!;
        Assert.That(found.Client.Version, Is.EqualTo(1));
        Assert.That(found.Waited, Is.EqualTo(CheckTimeout / 2));
        var next = (await LookUpAsync().Soon())!;
        Assert.That(next.Waited, Is.EqualTo(TimeSpan.Zero), "It is not waited for again at once.");
    }

    [Test]
    public async Task Find_OldAndStoreHangs_WaitsForHalfACheckAndUsesWhatIsKnown()
    {
        await WarmAsync(1);
        time.Advance(ClientDirectory.MaxAge);

        var lookUp = LookUpAsync();
        await store.NextVersionAsync();
        time.Advance(CheckTimeout / 2);

        Assert.That((await lookUp.Soon())!.Waited, Is.EqualTo(CheckTimeout / 2));
    }

    [Test]
    public async Task Find_LoadComesAfterItWasWaitedFor_IsKept()
    {
        await WarmAsync(1);
        directory.Invalidate(TestData.Client);
        var lookUp = LookUpAsync();
        var load = await store.NextLoadAsync();
        time.Advance(CheckTimeout / 2);
        await lookUp.Soon();

        load.SetResult(Snapshot(2, "a"));

        Assert.That(
            () => LookUpAsync().Result!.Client.Version,
            Is.EqualTo(2).After(20_000, 5),
            "It went on in the background."
        );
        Assert.That(store.Loads, Is.EqualTo(2));
    }

    [Test]
    public async Task Find_UnknownClientAndStoreHangs_ACheckWaitsNoLongerThanItMay()
    {
        var lookUp = LookUpAsync();
        var load = await store.NextLoadAsync();
        time.Advance(CheckTimeout);

        Assert.That(lookUp.Soon, Throws.TypeOf<StoreUnavailableException>());
        load.SetResult(Snapshot(1));
        Assert.That(() => directory.Count, Is.EqualTo(1).After(20_000, 5));
        Assert.That(await LookUpAsync().Soon(), Is.Not.Null);
    }

    [Test]
    public async Task Find_UnknownClientAndStoreIsSlow_AnythingElseWaits()
    {
        var lookUp = directory.FindAsync(Own.Key, isForCheck: false, default).AsTask();
        var load = await store.NextLoadAsync();
        time.Advance(10 * CheckTimeout);
        Assert.That(lookUp.IsCompleted, Is.False);

        load.SetResult(Snapshot(1));

        Assert.That(await lookUp.Soon(), Is.Not.Null);
    }

    // Weight

    [Test]
    public async Task Find_MoreThanThereIsRoomFor_KeepsWhatIsUsed()
    {
        var policies = Enumerable
            .Range(0, 1000)
            .Select(i => TestData.Policy($"route {i}"))
            .ToArray();
        var weight = ClientWeight.Of(TestData.Snapshot(TestData.Client, policies: policies));
        var small = TestData.Directory(store, changes.Object, time, maxBytes: 4 * weight);
        var keys = Enumerable
            .Range(0, 20)
            .Select(_ => ApiKey.Generate(ClientId.New()).Key)
            .ToList();

        foreach (var key in keys)
        {
            var lookUp = small.FindAsync(key, isForCheck: true, default).AsTask();
            (await store.NextLoadAsync()).SetResult(
                TestData.Snapshot(key.Client, 1, [key.Hash], policies)
            );
            await lookUp.Soon();
            Assert.That(small.TryFind(keys[0], out _), "It is busy.");
        }

        Assert.That(small.Count, Is.InRange(3, 4));
        Assert.That(small.Bytes, Is.LessThanOrEqualTo(4 * weight).And.GreaterThan(2 * weight));
        Assert.That(small.Knows(keys[^1].Client));
        Assert.That(small.Knows(keys[1].Client), Is.False);
    }

    private async Task WarmAsync(long version)
    {
        var lookUp = LookUpAsync();
        (await store.NextLoadAsync()).SetResult(Snapshot(version));
        await lookUp.Soon();
    }

    private Task<AuthenticatedCaller?> LookUpAsync(ApiKey? key = null) =>
        directory.FindAsync(key ?? Own.Key, isForCheck: true, default).AsTask();

    /// <summary>A look-up for which the store is asked, or was asked recently, and does not answer.</summary>
    private async Task<AuthenticatedCaller?> LookUpInVainAsync(ApiKey? key = null)
    {
        var asked = store.Loads;
        var lookUp = LookUpAsync(key);
        if (!lookUp.IsCompleted)
        {
            (await store.NextLoadAsync()).SetException(new StoreUnavailableException("gone"));
            Assert.That(store.Loads, Is.EqualTo(asked + 1));
        }

        return await lookUp.Soon();
    }

    private static ClientSnapshot Snapshot(long version, params string[] routes) =>
        TestData.Snapshot(
            TestData.Client,
            version,
            [Own.Key.Hash, Other.Key.Hash],
            [.. routes.Select(route => TestData.Policy(route))]
        );

    private void Save(long version, string route) =>
        Change(
            version,
            PolicyHead
                .None(TestData.Policy(route).Key)
                .Save(TestData.Definition(route), TestData.Moment, TestData.Actor)
        );

    private void Change(long version, PolicyChange change) =>
        directory.Apply(
            TestData.Client,
            version,
            known => known with { Policies = known.Policies.With([change]) }
        );

    private void HearRevoked(ApiKey key) =>
        changes.Raise(
            it => it.KeysRevoked += null,
            TestData.Client,
            (IReadOnlyCollection<KeyHash>)[key.Hash]
        );

    private void Revoke(long version, ApiKey key) =>
        directory.Apply(
            TestData.Client,
            version,
            known => known with { Keys = known.Keys.Without([key.Hash]) }
        );

    private static IReadOnlyList<string> Routes(ClientSnapshot client) =>
        [.. client.Policies.Policies.Select(policy => policy.Key.RouteKey).Order()];
}
