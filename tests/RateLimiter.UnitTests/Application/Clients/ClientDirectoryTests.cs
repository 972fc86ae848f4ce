using Microsoft.Extensions.Time.Testing;
using Moq;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;

namespace RateLimiter.UnitTests.Application.Clients;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ClientDirectoryTests
{
    private static readonly TimeSpan MaxAge = ClientDirectory.MaxAge;
    private static readonly TimeSpan RefreshAge = MaxAge / 2;
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    private static readonly (ApiKey Key, string Text) Own = ApiKey.Generate(TestData.Client);

    private readonly PendingClientRepository store = new();
    private readonly Mock<IClientChanges> changes = new();
    private readonly Clock time = new();
    private readonly ClientDirectory directory;

    public ClientDirectoryTests()
    {
        directory = TestData.Directory(store, changes.Object, time);
    }

    // Suspension of the process

    [Test]
    public async Task Find_WokenAndTheKeyWasRevokedMeanwhile_IsRefused()
    {
        await WarmAsync(Version(1));
        changes.Setup(it => it.IsSubscribed).Returns(true);
        Wake();

        Assert.That(directory.TryFind(Own.Key, out _), Is.False);
        var lookUp = LookUpAsync();
        (await store.NextVersionAsync()).SetResult(2);
        (await store.NextLoadAsync()).SetResult(TestData.Snapshot(TestData.Client, version: 2));

        Assert.That(await lookUp.Soon(), Is.Null);
    }

    [Test]
    public async Task Find_WokenAndTheStoreDoesNotAnswer_IsAcceptedOnlyWhenItIsTheStoreThatIsAway()
    {
        var client = Version(1);
        await WarmAsync(client);
        Wake();

        var first = LookUpAsync();
        (await store.NextVersionAsync()).SetException(new StoreUnavailableException("away"));
        Assert.That(async () => await first.Soon(), Throws.TypeOf<StoreUnavailableException>());

        time.Advance(MaxAge);
        var second = LookUpAsync();
        (await store.NextVersionAsync()).SetException(new StoreUnavailableException("away"));
        Assert.That(await second.Soon(), Is.SameAs(client));
    }

    private void Wake()
    {
        time.Advance(MaxAge);
        changes.Raise(it => it.MessagesLost += null);
        changes.Raise(it => it.Woken += null);
    }

    // The key

    [Test]
    public async Task Find_KeyOfAClient_IsThatClient()
    {
        var client = Version(1);
        var lookUp = LookUpAsync();
        (await store.NextLoadAsync()).SetResult(client);

        Assert.That(await lookUp.Soon(), Is.SameAs(client));
    }

    [Test]
    public async Task Find_WrongSecretForAKnownClient_IsRefusedWithoutTheStore()
    {
        await WarmAsync(Version(1));

        Assert.That(await LookUpAsync(ApiKey.Generate(TestData.Client).Text).Soon(), Is.Null);
        Assert.That(store.Loads, Is.EqualTo(1));
    }

    [Test]
    public async Task Find_WrongSecretForAClientNotYetKnown_IsRefused()
    {
        var lookUp = LookUpAsync(ApiKey.Generate(TestData.Client).Text);
        (await store.NextLoadAsync()).SetResult(Version(1));

        Assert.That(await lookUp.Soon(), Is.Null);
    }

    [Test]
    public async Task Find_EveryKeyOfAClient_IsThatClient()
    {
        var second = ApiKey.Generate(TestData.Client);
        var client = TestData.Snapshot(TestData.Client, keys: [Own.Key.Hash, second.Key.Hash]);
        await WarmAsync(client);

        Assert.That(await LookUpAsync(second.Text).Soon(), Is.SameAs(client));
    }

    [Test]
    public async Task Find_KeysOfClientsThatAreNone_KeepsNothingOfThem()
    {
        for (var i = 0; i < 100; i++)
        {
            var (key, text) = ApiKey.Generate(ClientId.New());
            var lookUp = LookUpAsync(text);
            (await store.NextLoadAsync()).SetResult(null);

            Assert.That(await lookUp.Soon(), Is.Null);
            Assert.That(directory.Knows(key.Client), Is.False);
        }
    }

    [Test]
    public async Task Learn_AClientThatWasJustMade_IsFoundWithoutTheStore()
    {
        var client = Version(1);
        directory.Add(client);

        Assert.That(await LookUpAsync().Soon(), Is.SameAs(client));
        Assert.That(store.Loads, Is.Zero);
    }

    // Loading

    [Test]
    public async Task Find_KnownClient_AsksTheStoreNothing()
    {
        var client = Version(1);
        await WarmAsync(client);

        for (var i = 0; i < 100; i++)
        {
            Assert.That(await LookUpAsync().Soon(), Is.SameAs(client));
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(store.Loads, Is.EqualTo(1));
            Assert.That(store.Versions, Is.Zero);
        }
    }

    [Test]
    public async Task Find_FirstLookUpsAtOnce_ShareOneLoad()
    {
        var client = Version(1);
        var lookUps = await AtOnceAsync(50);
        (await store.NextLoadAsync()).SetResult(client);

        Assert.That(await Task.WhenAll(lookUps).Soon(), Is.All.SameAs(client));
        Assert.That(store.Loads, Is.EqualTo(1));
    }

    [Test]
    public async Task Find_TwoClientsAtOnce_LoadsEach()
    {
        var otherKey = ApiKey.Generate(ClientId.New());
        var other = TestData.Snapshot(otherKey.Key.Client, keys: [otherKey.Key.Hash]);
        var lookUp = LookUpAsync();
        var load = await store.NextLoadAsync();
        var otherLookUp = LookUpAsync(otherKey.Text);
        (await store.NextLoadAsync()).SetResult(other);

        Assert.That(await otherLookUp.Soon(), Is.SameAs(other));
        Assert.That(lookUp.IsCompleted, Is.False);

        var client = Version(1);
        load.SetResult(client);
        Assert.That(await lookUp.Soon(), Is.SameAs(client));
    }

    [Test]
    public async Task Find_OneOfTwoCallersLeaves_TheOtherGetsItsAnswer()
    {
        using var leaving = new CancellationTokenSource();
        var left = LookUpAsync(cancellationToken: leaving.Token);
        var stayed = LookUpAsync();
        var load = await store.NextLoadAsync();

        await leaving.CancelAsync();
        Assert.That(left.Soon, Throws.InstanceOf<OperationCanceledException>());

        var client = Version(1);
        load.SetResult(client);
        Assert.That(await stayed.Soon(), Is.SameAs(client));
        Assert.That(store.Loads, Is.EqualTo(1));
    }

    [Test]
    public async Task Find_UnknownClient_IsNeverKept()
    {
        for (var i = 1; i <= 3; i++)
        {
            var lookUp = LookUpAsync();
            (await store.NextLoadAsync()).SetResult(null);

            Assert.That(await lookUp.Soon(), Is.Null);
            Assert.That(store.Loads, Is.EqualTo(i));
        }
    }

    [Test]
    public async Task Find_UnknownClientAndStoreUnavailable_ThrowsAndAsksAgainNextTime()
    {
        var failing = await AtOnceAsync(2);
        (await store.NextLoadAsync()).SetException(new StoreUnavailableException("gone"));
        foreach (var lookUp in failing)
        {
            Assert.That(lookUp.Soon, Throws.TypeOf<StoreUnavailableException>());
        }

        var client = Version(1);
        Assert.That(await WarmAsync(client), Is.SameAs(client));
    }

    // Changes

    [Test]
    public async Task Doubt_KnownClient_IsLoadedAnewByTheNextLookUp()
    {
        await WarmAsync(Version(1));

        directory.Invalidate(TestData.Client);

        var changed = Version(2);
        Assert.That(await WarmAsync(changed), Is.SameAs(changed));
        Assert.That(store.Loads, Is.EqualTo(2));
    }

    [Test]
    public async Task Doubt_OtherClient_ForgetsNothingElse()
    {
        var client = Version(1);
        await WarmAsync(client);

        directory.Invalidate(ClientId.New());

        Assert.That(await LookUpAsync().Soon(), Is.SameAs(client));
    }

    [Test]
    public async Task Message_FromAnotherInstance_IsLoadedAnewByTheNextLookUp()
    {
        await WarmAsync(Version(1));

        changes.Raise(it => it.Changed += null, TestData.Client);

        var changed = Version(2);
        Assert.That(await WarmAsync(changed), Is.SameAs(changed));
    }

    [Test]
    public async Task Doubt_DuringALoad_IsNotOverwrittenByThatLoad(
        [Values] bool messageFromAnotherInstance
    )
    {
        var early = LookUpAsync();
        var oldLoad = await store.NextLoadAsync();
        Change(messageFromAnotherInstance);
        oldLoad.SetResult(Version(1));
        await early.Soon();

        var changed = Version(2);
        Assert.That(await WarmAsync(changed), Is.SameAs(changed));
    }

    [Test]
    public async Task Doubt_DuringALoad_LaterLookUpsDoNotShareThatLoad(
        [Values] bool oldLoadEndsFirst
    )
    {
        var (old, changed) = (Version(1), Version(2));
        var early = LookUpAsync();
        var oldLoad = await store.NextLoadAsync();
        directory.Invalidate(TestData.Client);
        var late = LookUpAsync();
        var newLoad = await store.NextLoadAsync();

        if (oldLoadEndsFirst)
        {
            oldLoad.SetResult(old);
            await early.Soon();
            newLoad.SetResult(changed);
        }
        else
        {
            newLoad.SetResult(changed);
            await late.Soon();
            oldLoad.SetResult(old);
            await early.Soon();
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(await late.Soon(), Is.SameAs(changed));
            Assert.That(await LookUpAsync().Soon(), Is.SameAs(changed));
            Assert.That(store.Loads, Is.EqualTo(2));
        }
    }

    [Test]
    public async Task Doubt_DuringALoad_LaterLookUpsStillShareTheNewLoadWhenTheOldOneEnds()
    {
        var early = LookUpAsync();
        var oldLoad = await store.NextLoadAsync();
        directory.Invalidate(TestData.Client);
        var late = LookUpAsync();
        var newLoad = await store.NextLoadAsync();
        oldLoad.SetResult(Version(1));
        await early.Soon();

        var later = LookUpAsync();
        newLoad.SetResult(Version(2));

        Assert.That(await later.Soon(), Is.SameAs(await late.Soon()));
        Assert.That(store.Loads, Is.EqualTo(2));
    }

    [Test]
    public async Task Doubt_InTheVeryMomentALoadBegins_IsNotOverwritten()
    {
        // The clock is read while a load is being registered. The change comes at that moment from another thread, which must
        // wait for the lock. An invalidation that did not wait would finish before there is a load to discard.
        var change = new Thread(() => changes.Raise(it => it.Changed += null, TestData.Client));
        // Before that, the clock is read once to measure the look-up.
        time.WhenNextRead = () =>
            time.WhenNextRead = () =>
            {
                change.Start();
                SpinWait.SpinUntil(() =>
                    !change.IsAlive || change.ThreadState.HasFlag(ThreadState.WaitSleepJoin)
                );
            };
        var early = LookUpAsync();
        var load = await store.NextLoadAsync();
        change.Join();
        load.SetResult(Version(1));
        await early.Soon();

        var changed = Version(2);
        Assert.That(await WarmAsync(changed), Is.SameAs(changed));
    }

    // Age

    [Test]
    public async Task Find_YoungerThanHalfTheMaxAge_AsksNothing()
    {
        var client = Version(1);
        await WarmAsync(client);
        time.Advance(RefreshAge - Tick);

        Assert.That(await LookUpAsync().Soon(), Is.SameAs(client));
        Assert.That(store.Versions, Is.Zero);
    }

    [Test]
    public async Task Find_FromHalfTheMaxAgeOn_AnswersAtOnceAndComparesInTheBackground(
        [Values] bool atTheEnd
    )
    {
        var client = Version(1);
        await WarmAsync(client);
        time.Advance(atTheEnd ? MaxAge - Tick : RefreshAge);

        Assert.That(await LookUpAsync().Soon(), Is.SameAs(client));
        Assert.That(store.Versions, Is.EqualTo(1));
    }

    [Test]
    public async Task Find_BackgroundComparisonUnderWay_StartsNoOther()
    {
        await WarmAsync(Version(1));
        time.Advance(RefreshAge);

        await Task.WhenAll(await AtOnceAsync(50)).Soon();

        Assert.That(store.Versions, Is.EqualTo(1));
    }

    [Test]
    public async Task Find_BackgroundComparisonFindsAnotherVersion_LoadsIt()
    {
        await WarmAsync(Version(1));
        time.Advance(RefreshAge);
        await LookUpAsync().Soon();

        (await store.NextVersionAsync()).SetResult(2);

        var changed = Version(2);
        (await store.NextLoadAsync()).SetResult(changed);
        Assert.That(await LookUpAsync().Soon(), Is.SameAs(changed));
        Assert.That(store.Loads, Is.EqualTo(2));
    }

    [Test]
    public async Task Find_AtTheMaxAge_ComparesTheVersionBeforeUse()
    {
        var client = Version(1);
        await WarmAsync(client);
        time.Advance(MaxAge);

        var lookUp = LookUpAsync();
        Assert.That(lookUp.IsCompleted, Is.False);
        (await store.NextVersionAsync()).SetResult(1);

        Assert.That(await lookUp.Soon(), Is.SameAs(client));
        Assert.That(store.Loads, Is.EqualTo(1));
    }

    [Test]
    public async Task Find_OldLookUpsAtOnce_ShareOneComparison()
    {
        var client = Version(1);
        await WarmAsync(client);
        time.Advance(MaxAge);

        var lookUps = await AtOnceAsync(50);
        (await store.NextVersionAsync()).SetResult(1);

        Assert.That(await Task.WhenAll(lookUps).Soon(), Is.All.SameAs(client));
        Assert.That(store.Versions, Is.EqualTo(1));
    }

    [Test]
    public async Task Find_OldAndAnotherVersion_WaitsForIt()
    {
        await WarmAsync(Version(1));
        time.Advance(MaxAge);
        var changed = Version(2);

        var lookUp = LookUpAsync();
        (await store.NextVersionAsync()).SetResult(2);
        (await store.NextLoadAsync()).SetResult(changed);

        Assert.That(await lookUp.Soon(), Is.SameAs(changed));
        Assert.That(await LookUpAsync().Soon(), Is.SameAs(changed));
    }

    [Test]
    public async Task Find_OldAndItsKeyRevokedMeanwhile_IsRefused()
    {
        await WarmAsync(Version(1));
        time.Advance(MaxAge);

        var lookUp = LookUpAsync();
        (await store.NextVersionAsync()).SetResult(2);
        (await store.NextLoadAsync()).SetResult(
            TestData.Snapshot(TestData.Client, version: 2, keys: [])
        );

        Assert.That(await lookUp.Soon(), Is.Null);
    }

    [Test]
    public async Task Find_OldAndDeletedMeanwhile_DisappearsFromMemory()
    {
        await WarmAsync(Version(1));
        time.Advance(MaxAge);
        var lookUp = LookUpAsync();
        (await store.NextVersionAsync()).SetResult(null);
        (await store.NextLoadAsync()).SetResult(null);
        Assert.That(await lookUp.Soon(), Is.Null);

        var again = LookUpAsync();
        (await store.NextLoadAsync()).SetResult(null);

        Assert.That(await again.Soon(), Is.Null);
        Assert.That(store.Versions, Is.EqualTo(1));
    }

    [Test]
    public async Task Find_Loaded_IsAsOldAsTheQuestion()
    {
        var early = LookUpAsync();
        var load = await store.NextLoadAsync();
        time.Advance(MaxAge);
        load.SetResult(Version(1));
        await early.Soon();

        var lookUp = LookUpAsync();
        Assert.That(lookUp.IsCompleted, Is.False, "It may have changed since the question.");
        (await store.NextVersionAsync()).SetResult(1);

        Assert.That(await lookUp.Soon(), Is.Not.Null);
    }

    [Test]
    public async Task Find_LoadedByAComparison_IsAsOldAsTheLoadWasAskedFor()
    {
        await WarmAsync(Version(1));
        time.Advance(MaxAge);
        var waiting = LookUpAsync();
        (await store.NextVersionAsync()).SetResult(2);
        var load = await store.NextLoadAsync();
        time.Advance(RefreshAge);
        load.SetResult(Version(2));
        await waiting.Soon();

        await LookUpAsync().Soon();

        Assert.That(store.Versions, Is.EqualTo(2), "It is half the age old.");
    }

    [Test]
    public async Task Find_Confirmed_IsAsYoungAsTheQuestion()
    {
        // Requested at half the maximum age and answered at the full age: the entry is then half the maximum age old.
        await WarmAsync(Version(1));
        time.Advance(RefreshAge);
        await LookUpAsync().Soon();
        time.Advance(RefreshAge);
        var waiting = LookUpAsync();
        (await store.NextVersionAsync()).SetResult(1);
        await waiting.Soon();

        await LookUpAsync().Soon();
        Assert.That(store.Versions, Is.EqualTo(2), "It is half the age old again.");

        time.Advance(RefreshAge);
        Assert.That(LookUpAsync().IsCompleted, Is.False, "The change may have come just after.");
    }

    [Test]
    public async Task Find_ConfirmedAtOnce_StaysInUseForAsLongAgain()
    {
        await WarmAsync(Version(1));
        time.Advance(MaxAge);
        var lookUp = LookUpAsync();
        (await store.NextVersionAsync()).SetResult(1);
        await lookUp.Soon();
        time.Advance(RefreshAge - Tick);

        await LookUpAsync().Soon();

        Assert.That(store.Versions, Is.EqualTo(1));
    }

    [Test]
    public async Task Doubt_DuringAComparison_IsLoadedAnewByTheNextLookUp()
    {
        await WarmAsync(Version(1));
        time.Advance(MaxAge);
        var early = LookUpAsync();
        var comparison = await store.NextVersionAsync();
        directory.Invalidate(TestData.Client);
        comparison.SetResult(1);
        await early.Soon();

        var changed = Version(2);
        Assert.That(await WarmAsync(changed), Is.SameAs(changed));
    }

    // Changes from other instances

    [Test]
    public async Task Find_ChangesAreHeard_AsksNothingForLonger()
    {
        var client = Version(1);
        changes.Setup(it => it.IsSubscribed).Returns(true);
        await WarmAsync(client);
        time.Advance(ClientFreshness.SubscribedMaxAge / 2 - Tick);

        Assert.That(await LookUpAsync().Soon(), Is.SameAs(client));
        Assert.That(store.Versions, Is.Zero);
    }

    [Test]
    public async Task Find_ChangesAreHeardAndVeryOld_ComparesTheVersionBeforeUse()
    {
        changes.Setup(it => it.IsSubscribed).Returns(true);
        await WarmAsync(Version(1));
        time.Advance(ClientFreshness.SubscribedMaxAge);

        var lookUp = LookUpAsync();
        Assert.That(lookUp.IsCompleted, Is.False);
        (await store.NextVersionAsync()).SetResult(1);
        await lookUp.Soon();
    }

    [Test]
    public async Task Find_ChangesAreNoLongerHeard_ComparesTheVersionBeforeUse()
    {
        changes.Setup(it => it.IsSubscribed).Returns(true);
        await WarmAsync(Version(1));
        time.Advance(MaxAge);
        changes.Setup(it => it.IsSubscribed).Returns(false);

        var lookUp = LookUpAsync();
        Assert.That(lookUp.IsCompleted, Is.False);
        (await store.NextVersionAsync()).SetResult(1);
        await lookUp.Soon();
    }

    [Test]
    public async Task MessagesMissed_DuringALoad_IsComparedBeforeUse()
    {
        changes.Setup(it => it.IsSubscribed).Returns(true);
        var early = LookUpAsync();
        var load = await store.NextLoadAsync();
        changes.Raise(it => it.MessagesLost += null);
        load.SetResult(Version(1));
        await early.Soon();

        var lookUp = LookUpAsync();
        Assert.That(lookUp.IsCompleted, Is.False);
        (await store.NextVersionAsync()).SetResult(1);
        await lookUp.Soon();
    }

    [Test]
    public async Task MessagesMissed_DuringAComparison_IsComparedAgain()
    {
        await WarmAsync(Version(1));
        time.Advance(RefreshAge);
        await LookUpAsync().Soon();
        var comparison = await store.NextVersionAsync();
        changes.Raise(it => it.MessagesLost += null);
        comparison.SetResult(1);

        var lookUp = LookUpAsync();
        (await store.NextVersionAsync()).SetResult(1);
        await lookUp.Soon();
    }

    // Lost messages

    [Test]
    public async Task MessagesMissed_EveryClient_IsComparedBeforeUse()
    {
        var other = ApiKey.Generate(ClientId.New());
        await WarmAsync(Version(1));
        await WarmAsync(TestData.Snapshot(other.Key.Client, keys: [other.Key.Hash]), other.Text);

        changes.Raise(it => it.MessagesLost += null);

        foreach (var text in new[] { Own.Text, other.Text })
        {
            var lookUp = LookUpAsync(text);
            Assert.That(lookUp.IsCompleted, Is.False);
            (await store.NextVersionAsync()).SetResult(1);
            Assert.That(await lookUp.Soon(), Is.Not.Null);
        }

        Assert.That(store.Loads, Is.EqualTo(2), "Nothing had changed.");
    }

    [Test]
    public async Task MessagesMissed_ClientConfirmedSince_IsKnownAgain()
    {
        await WarmAsync(Version(1));
        changes.Raise(it => it.MessagesLost += null);
        time.Advance(Tick);
        var lookUp = LookUpAsync();
        (await store.NextVersionAsync()).SetResult(1);
        await lookUp.Soon();

        await LookUpAsync().Soon();

        Assert.That(store.Versions, Is.EqualTo(1));
    }

    // A store that fails

    [TestCase(1)]
    [TestCase(86_400)]
    public async Task Find_OldAndStoreUnavailable_UsesTheLastKnown(int seconds)
    {
        var client = Version(1);
        await WarmAsync(client);
        time.Advance(TimeSpan.FromSeconds(seconds));

        for (var i = 0; i < 3; i++)
        {
            var lookUp = LookUpAsync();
            (await store.NextVersionAsync()).SetException(new StoreUnavailableException("gone"));
            Assert.That(await lookUp.Soon(), Is.SameAs(client));

            Assert.That(await LookUpAsync().Soon(), Is.SameAs(client), "Not asked at once again.");
            time.Advance(ClientDirectory.RetryInterval);
        }
    }

    [Test]
    public async Task Find_MessagesMissedAndStoreUnavailable_UsesTheLastKnown()
    {
        var client = Version(1);
        await WarmAsync(client);
        changes.Raise(it => it.MessagesLost += null);

        var lookUp = LookUpAsync();
        (await store.NextVersionAsync()).SetException(new StoreUnavailableException("gone"));

        Assert.That(await lookUp.Soon(), Is.SameAs(client));
    }

    [Test]
    public async Task Doubt_StoreUnavailable_UsesTheLastKnownUntilItIsBack()
    {
        var client = Version(1);
        await WarmAsync(client);
        directory.Invalidate(TestData.Client);

        var outage = LookUpAsync();
        (await store.NextLoadAsync()).SetException(new StoreUnavailableException("gone"));
        Assert.That(await outage.Soon(), Is.SameAs(client));
        time.Advance(ClientDirectory.RetryInterval);

        var changed = Version(2);
        Assert.That(await WarmAsync(changed), Is.SameAs(changed));
    }

    [Test]
    public async Task Doubt_DeletedMeanwhile_DisappearsFromMemory()
    {
        await WarmAsync(Version(1));
        directory.Invalidate(TestData.Client);
        for (var i = 0; i < 2; i++)
        {
            var lookUp = LookUpAsync();
            (await store.NextLoadAsync()).SetResult(null);
            Assert.That(await lookUp.Soon(), Is.Null);
        }

        var outage = LookUpAsync();
        (await store.NextLoadAsync()).SetException(new StoreUnavailableException("gone"));
        Assert.That(outage.Soon, Throws.TypeOf<StoreUnavailableException>());
    }

    [Test]
    public async Task Find_NewVersionCannotBeLoaded_UsesTheLastKnown()
    {
        var client = Version(1);
        await WarmAsync(client);
        time.Advance(MaxAge);

        for (var i = 0; i < 3; i++)
        {
            var lookUp = LookUpAsync();
            (await store.NextVersionAsync()).SetResult(2);
            (await store.NextLoadAsync()).SetException(new StoreUnavailableException("gone"));
            Assert.That(await lookUp.Soon(), Is.SameAs(client));
            time.Advance(ClientDirectory.RetryInterval);
        }
    }

    [Test]
    public async Task Find_NewVersionStillLoadsInTheBackground_AnswersWithTheLastKnown()
    {
        var client = Version(1);
        await WarmAsync(client);
        time.Advance(RefreshAge);
        await LookUpAsync().Soon();
        (await store.NextVersionAsync()).SetResult(2);
        var load = await store.NextLoadAsync();

        Assert.That(await LookUpAsync().Soon(), Is.SameAs(client));
        Assert.That(store.Loads, Is.EqualTo(2));

        load.SetResult(Version(2));
    }

    [Test]
    public async Task Doubt_WhileANewVersionLoads_IsLoadedAnewByTheNextLookUp()
    {
        await WarmAsync(Version(1));
        time.Advance(MaxAge);
        var early = LookUpAsync();
        (await store.NextVersionAsync()).SetResult(2);
        var load = await store.NextLoadAsync();
        directory.Invalidate(TestData.Client);
        load.SetResult(Version(2));
        await early.Soon();

        var changed = Version(3);
        Assert.That(await WarmAsync(changed), Is.SameAs(changed));
    }

    [Test]
    public async Task Find_StoreIsBack_SeesWhatChangedMeanwhile()
    {
        await WarmAsync(Version(1));
        time.Advance(MaxAge);
        var outage = LookUpAsync();
        (await store.NextVersionAsync()).SetException(new StoreUnavailableException("gone"));
        await outage.Soon();
        time.Advance(ClientDirectory.RetryInterval);
        var changed = Version(2);

        var lookUp = LookUpAsync();
        (await store.NextVersionAsync()).SetResult(2);
        (await store.NextLoadAsync()).SetResult(changed);

        Assert.That(await lookUp.Soon(), Is.SameAs(changed));
    }

    private static ClientSnapshot Version(long version) =>
        TestData.Snapshot(TestData.Client, version, [Own.Key.Hash]);

    private Task<ClientSnapshot?> LookUpAsync(CancellationToken cancellationToken = default) =>
        LookUpAsync(Own.Text, cancellationToken);

    private async Task<ClientSnapshot?> LookUpAsync(
        string text,
        CancellationToken cancellationToken = default
    )
    {
        Assert.That(ApiKey.TryParse(text, out var key));
        return directory.TryFind(key!, out var caller)
            ? caller.Client
            : (await directory.FindAsync(key!, isForCheck: false, cancellationToken))?.Client;
    }

    /// <summary>Look-ups from many threads, all of which have started when this returns.</summary>
    private Task<Task<ClientSnapshot?>[]> AtOnceAsync(int count) =>
        // The look-up is wrapped; otherwise Task.Run would wait for its result.
        Task.WhenAll(
            Enumerable.Range(0, count).Select(_ => Task.Run(() => Task.FromResult(LookUpAsync())))
        );

    /// <summary>A look-up that must load the client from the store, which returns this one.</summary>
    private async Task<ClientSnapshot?> WarmAsync(ClientSnapshot client, string? text = null)
    {
        var lookUp = LookUpAsync(text ?? Own.Text);
        (await store.NextLoadAsync()).SetResult(client);
        return await lookUp.Soon();
    }

    private void Change(bool onAnotherInstance)
    {
        if (onAnotherInstance)
        {
            changes.Raise(it => it.Changed += null, TestData.Client);
        }
        else
        {
            directory.Invalidate(TestData.Client);
        }
    }

    private sealed class Clock() : FakeTimeProvider(TestData.Moment)
    {
        private Action? whenNextRead;

        public Action? WhenNextRead
        {
            set => whenNextRead = value;
        }

        public override long GetTimestamp()
        {
            Interlocked.Exchange(ref whenNextRead, null)?.Invoke();
            return base.GetTimestamp();
        }
    }
}
