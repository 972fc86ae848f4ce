using System.Net;
using Microsoft.Extensions.Time.Testing;
using Moq;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;

namespace RateLimiter.UnitTests.Application.Keys;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class AuthenticatorTests
{
    private const int Limit = 3;

    private static readonly IPAddress Caller = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Other = IPAddress.Parse("192.0.2.2");
    private static readonly (ApiKey Key, string Text) Own = ApiKey.Generate(TestData.Client);

    private readonly Mock<IClientRepository> clients = new();
    private readonly FakeTimeProvider time = new(TestData.Moment);
    private readonly Authenticator authenticator;

    public AuthenticatorTests() =>
        authenticator = TestData.Authenticator(
            clients.Object,
            time,
            new AuthenticationOptions { FailureLimit = Limit, FailureWindowSeconds = 60 }
        );

    [TestCase(null)]
    [TestCase("")]
    [TestCase("rl_0123456789abcdEF")]
    [TestCase("rl_0123456789abcdEF_00000000000000000000000000000000000000000000000000")]
    public async Task Authenticate_TextThatIsNoKey_IsRefusedWithoutTheStore(string? text)
    {
        Assert.That(await AuthenticateAsync(text), Is.EqualTo(default(Authentication)));
        clients.VerifyNoOtherCalls();
    }

    [Test]
    public async Task Authenticate_KeyOfAClient_LetsItInWithThatKey()
    {
        var second = ApiKey.Generate(TestData.Client);
        var client = Knows([
            TestData.Key(Own.Key.Hash),
            TestData.Key(second.Key.Hash, Scopes.Check),
        ]);

        for (var i = 0; i < 3; i++)
        {
            var caller = (await AuthenticateAsync(second.Text)).Caller;
            Assert.That(caller!.Client, Is.SameAs(client));
            Assert.That(caller.Key.Scopes, Is.EqualTo(Scopes.Check));
            Assert.That(
                (await AuthenticateAsync(Own.Text)).Caller!.Key.Scopes,
                Is.EqualTo(Scopes.Admin)
            );
        }
    }

    [Test]
    public async Task Authenticate_KeyThatExpires_IsRefusedFromThatMomentOn()
    {
        Knows([TestData.Key(Own.Key.Hash, expiresAt: TestData.Moment.AddMilliseconds(100))]);
        time.Advance(TimeSpan.FromMilliseconds(99));
        Assert.That((await AuthenticateAsync(Own.Text)).Caller, Is.Not.Null);

        time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.That((await AuthenticateAsync(Own.Text)).Caller, Is.Null);
    }

    [Test]
    public async Task Authenticate_WrongKeysOfAKnownClient_AskTheStoreOnceAndAreLimited()
    {
        Knows([TestData.Key(Own.Key.Hash)]);
        await AuthenticateAsync(Own.Text);

        var answers = await GuessAsync(Limit + 2, () => ApiKey.Generate(TestData.Client).Text);

        Assert.That(answers.Take(Limit).Select(answer => answer.RetryAfter), Is.All.Null);
        Assert.That(
            answers.Skip(Limit).Select(answer => answer.RetryAfter),
            Is.All.EqualTo(TimeSpan.FromSeconds(60))
        );
        Assert.That(clients.Invocations, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Authenticate_KeysOfClientsThatAreNone_AskTheStoreNoMoreOftenThanTheLimit()
    {
        var answers = await GuessAsync(Limit + 5, () => ApiKey.Generate(ClientId.New()).Text);

        Assert.That(answers.Count(answer => answer.RetryAfter is not null), Is.EqualTo(5));
        Assert.That(clients.Invocations, Has.Count.EqualTo(Limit));
    }

    [Test]
    public async Task Authenticate_ManyGuessesAtOnce_AskTheStoreNoMoreOftenThanTheLimit()
    {
        var answer = new TaskCompletionSource<ClientSnapshot?>();
        clients.SetupFind().Returns(answer.Task);

        var guesses = Enumerable
            .Range(0, 100)
            .Select(_ => AuthenticateAsync(ApiKey.Generate(ClientId.New()).Text).AsTask())
            .ToList();
        answer.SetResult(null);
        await Task.WhenAll(guesses);

        Assert.That(clients.Invocations, Has.Count.EqualTo(Limit));
    }

    [TestCase("guess", TestName = "of no form")]
    [TestCase("checksum", TestName = "with a wrong checksum")]
    public async Task Authenticate_TooManyThatCannotBeKeys_ClientsThatAreNotKnownYetAreAccepted(
        string guess
    )
    {
        Knows([TestData.Key(Own.Key.Hash)]);
        await GuessAsync(
            Limit * 2,
            () =>
                guess == "checksum"
                    ? WithWrongChecksum(ApiKey.Generate(TestData.Client).Text)
                    : guess
        );

        Assert.That((await AuthenticateAsync(Own.Text)).Caller, Is.Not.Null);
        Assert.That((await AuthenticateAsync(guess)).RetryAfter, Is.Not.Null);
    }

    [Test]
    public async Task Authenticate_OneKeyOfNobodyOverAndOver_CostsOneQuestionAndKeepsNobodyOut()
    {
        Knows([TestData.Key(Own.Key.Hash)]);
        var dead = ApiKey.Generate(ClientId.New()).Text;

        var answers = await GuessAsync(Limit * 3, () => dead);

        Assert.That((await AuthenticateAsync(Own.Text)).Caller, Is.Not.Null);
        Assert.That(clients.Invocations, Has.Count.EqualTo(2));
        Assert.That(answers[^1].RetryAfter, Is.Not.Null);
    }

    [Test]
    public async Task Authenticate_RevokedKeyOverAndOver_KeepsNoOtherClientOut()
    {
        Knows([TestData.Key(Own.Key.Hash)]);
        var other = ClientId.New();
        var (key, text) = ApiKey.Generate(other);
        clients.SetupFind(other).ReturnsAsync(TestData.Snapshot(other, keys: [key.Hash]));
        var revoked = ApiKey.Generate(TestData.Client).Text;

        await GuessAsync(Limit * 3, () => revoked);

        Assert.That((await AuthenticateAsync(text)).Caller, Is.Not.Null);
    }

    [Test]
    public async Task Authenticate_ClientThatWasNoneAMomentAgo_IsAskedForAgain()
    {
        Assert.That((await AuthenticateAsync(Own.Text)).Caller, Is.Null);
        Knows([TestData.Key(Own.Key.Hash)]);
        time.Advance(FailedAuthentications.UnknownClientAge);

        Assert.That((await AuthenticateAsync(Own.Text)).Caller, Is.Not.Null);
    }

    [Test]
    public async Task Authenticate_TooManyGuesses_OthersAndKnownClientsAreAccepted()
    {
        Knows([TestData.Key(Own.Key.Hash)]);
        await AuthenticateAsync(Own.Text);
        await GuessAsync(Limit + 1, () => "guess");

        Assert.That((await AuthenticateAsync(Own.Text)).Caller, Is.Not.Null);
        Assert.That((await AuthenticateAsync("guess", Other)).RetryAfter, Is.Null);
        Assert.That((await AuthenticateAsync("guess")).RetryAfter, Is.Not.Null);
    }

    [Test]
    public async Task Authenticate_AfterTheWindow_MayFailAgain()
    {
        await GuessAsync(Limit + 1, () => "guess");

        time.Advance(TimeSpan.FromSeconds(60));

        Assert.That((await AuthenticateAsync("guess")).RetryAfter, Is.Null);
    }

    [Test]
    public async Task Authenticate_ManyClientsThatAreNotKnownYet_CountAsNoFailure()
    {
        clients
            .SetupFind()
            .ReturnsAsync(
                (ClientId client, long _, ClientSnapshot? _, CancellationToken _) =>
                    TestData.Snapshot(client, keys: [Keys[client].Hash])
            );

        for (var i = 0; i < Limit * 3; i++)
        {
            var client = ClientId.New();
            var (key, text) = ApiKey.Generate(client);
            Keys.Add(client, key);
            Assert.That((await AuthenticateAsync(text)).Caller, Is.Not.Null);
        }
    }

    [Test]
    public async Task Authenticate_ManyAtOnceOfAClientThatIsNotKnownYet_AreAllAccepted()
    {
        var answer = new TaskCompletionSource<ClientSnapshot?>();
        clients.SetupFind(TestData.Client).Returns(answer.Task);

        var callers = Enumerable
            .Range(0, 100)
            .Select(_ => AuthenticateAsync(Own.Text).AsTask())
            .ToList();
        answer.SetResult(TestData.Snapshot(TestData.Client, keys: [Own.Key.Hash]));

        Assert.That((await Task.WhenAll(callers)).Select(each => each.Caller), Has.None.Null);
    }

    [Test]
    public async Task Authenticate_TheStoreDoesNotAnswer_CountsAsNoFailure()
    {
        clients.SetupFind().ThrowsAsync(new StoreUnavailableException("gone"));

        for (var i = 0; i < Limit * 3; i++)
        {
            Assert.That(
                () => AuthenticateAsync(Own.Text).AsTask(),
                Throws.TypeOf<StoreUnavailableException>()
            );
        }

        Assert.That((await AuthenticateAsync("guess")).RetryAfter, Is.Null);
    }

    private Dictionary<ClientId, ApiKey> Keys { get; } = [];

    private static string WithWrongChecksum(string key) => key[..^1] + (key[^1] == 'a' ? 'b' : 'a');

    private ClientSnapshot Knows(IEnumerable<ClientKey> keys)
    {
        var client = new ClientSnapshot(TestData.Client, 1, new KeyRing(keys), new([]));
        clients.SetupFind(TestData.Client).ReturnsAsync(client);
        clients
            .Setup(it => it.FindVersionAsync(TestData.Client, It.IsAny<CancellationToken>()))
            .ReturnsAsync(1);
        return client;
    }

    private ValueTask<Authentication> AuthenticateAsync(string? text, IPAddress? caller = null) =>
        authenticator.AuthenticateAsync(text, caller ?? Caller);

    private async Task<List<Authentication>> GuessAsync(int count, Func<string> guess)
    {
        List<Authentication> answers = [];
        for (var i = 0; i < count; i++)
        {
            answers.Add(await AuthenticateAsync(guess()));
            Assert.That(answers[^1].Caller, Is.Null);
        }

        return answers;
    }
}
