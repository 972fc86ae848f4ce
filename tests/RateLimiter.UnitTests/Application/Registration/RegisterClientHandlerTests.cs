using System.Net;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Moq;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Registration;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;

namespace RateLimiter.UnitTests.Application.Registration;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RegisterClientHandlerTests
{
    private const string Token = "0123456789abcdef";

    private static readonly RegistrationOptions WithToken = new()
    {
        Mode = RegistrationMode.Token,
        Token = Token,
    };

    private readonly List<(NewClient Client, AuditRecord Audit)> added = [];
    private readonly List<CheckPlan> taken = [];
    private readonly StoreRoom room = new();
    private readonly ClientDirectory directory = TestData.Directory(
        Mock.Of<IClientRepository>(MockBehavior.Strict)
    );
    private LimitStatus status = TestData.Status();

    [Test]
    public async Task Handle_PermitLeft_KeepsTheClientWithTheHashOfItsKey()
    {
        var outcome = await RegisterAsync();

        var registered = (ClientRegistered)outcome;
        Assert.That(ApiKey.TryParse(registered.ApiKey, out var key), Is.True);
        Assert.That(added, Has.Count.EqualTo(1));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(key!.Client, Is.EqualTo(registered.Client));
            Assert.That(added[0].Client.Id, Is.EqualTo(registered.Client));
            Assert.That(added[0].Client.Name, Is.EqualTo("My app"));
            Assert.That(added[0].Client.Key.Hash, Is.EqualTo(key.Hash));
            Assert.That(added[0].Client.Key.Scopes, Is.EqualTo(Scopes.Admin));
            Assert.That(added[0].Client.Key.ExpiresAt, Is.Null);
            Assert.That(added[0].Client.CreatedAt, Is.EqualTo(TestData.Moment));
            Assert.That(
                added[0].Audit,
                Is.EqualTo(
                    new AuditRecord(
                        AuditAction.ClientRegistered,
                        TestData.Moment,
                        TestData.Actor,
                        Before: null,
                        new AuditedClient("My app")
                    )
                )
            );
        }
    }

    [Test]
    public async Task Handle_PermitLeft_ItsKeyIsKnownHereWithoutTheStore()
    {
        var registered = (ClientRegistered)await RegisterAsync();

        Assert.That(ApiKey.TryParse(registered.ApiKey, out var key));
        var caller = await directory.FindAsync(key!, isForCheck: false, CancellationToken.None);
        Assert.That(caller?.Client.Id, Is.EqualTo(registered.Client));
    }

    [Test]
    public async Task Handle_SameNameTwice_MakesTwoClients()
    {
        await RegisterAsync();
        await RegisterAsync();

        Assert.That(added.Select(it => it.Client.Id), Is.Unique.And.Exactly(2).Items);
    }

    [Test]
    public async Task Handle_NoPermitLeft_SaysWhenAndKeepsNothing()
    {
        status = TestData.Status(wait: 59_000_000, remaining: 0);

        var outcome = await RegisterAsync();

        Assert.That(outcome, Is.EqualTo(new TooManyRegistrations(TimeSpan.FromSeconds(59))));
        Assert.That(added, Is.Empty);
    }

    [Test]
    public void Handle_StoreIsFull_KeepsNothingAndSaysSo()
    {
        room.Note(full: true);

        Assert.That(() => RegisterAsync(), Throws.TypeOf<StoreFullException>());
        Assert.That((added.Count, taken.Count), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task Handle_RegistrationsSwitchedOff_NamesNoWait()
    {
        status = TestData.Status(wait: LimitStatus.Never, remaining: 0);

        var outcome = await RegisterAsync();

        Assert.That(outcome, Is.EqualTo(new TooManyRegistrations(null)));
    }

    [Test]
    public void Handle_StoreDoesNotKeepTheClient_Throws()
    {
        var clients = new Mock<IClientRepository>();
        clients
            .Setup(it =>
                it.AddAsync(
                    It.IsAny<NewClient>(),
                    It.IsAny<AuditRecord>(),
                    It.IsAny<CancellationToken>()
                )
            )
            .ThrowsAsync(new StoreUnavailableException("gone"));

        Assert.That(
            () => RegisterAsync(clients: clients.Object),
            Throws.TypeOf<StoreUnavailableException>()
        );
    }

    [Test]
    public async Task Handle_AnyCaller_TakesOnePermitOfTheConfiguredLimit()
    {
        await RegisterAsync(options: new() { PermitLimit = 7, WindowSeconds = 90 });

        var (_, policy, cost) = taken.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cost, Is.EqualTo(1));
            Assert.That(policy.Limits, Has.Count.EqualTo(1));
            Assert.That(policy.Limits[0].Permits, Is.EqualTo(7));
            Assert.That(policy.Limits[0].LongestWindow, Is.EqualTo(TimeSpan.FromSeconds(90)));
        }
    }

    [TestCase("2001:db8::1", "2001:db8::2", true)]
    [TestCase("192.0.2.7", "::ffff:192.0.2.7", true)]
    [TestCase("192.0.2.7", "192.0.2.8", false)]
    [TestCase("2001:db8::1", "2001:db8:0:1::1", false)]
    public async Task Handle_TwoCallers_ShareACounterWhenTheyAreOneNetwork(
        string first,
        string second,
        bool shared
    )
    {
        await RegisterAsync(caller: first);
        await RegisterAsync(caller: second);

        Assert.That(taken[0].Subject == taken[1].Subject, Is.EqualTo(shared));
    }

    [Test]
    public async Task Handle_AnyCaller_IsCountedUnderNoClientThatCanExist()
    {
        await RegisterAsync();

        Assert.That(
            taken[0].Subject.Client.Value,
            Has.Length.Not.EqualTo(ClientId.New().Value.Length)
        );
    }

    [TestCase(5, 60, 5, 60, true)]
    [TestCase(5, 60, 6, 60, true, Description = "what was used still counts")]
    [TestCase(5, 60, 5, 61, false)]
    public async Task Handle_TwoInstances_ShareCountersWhenTheirWindowsAreTheSame(
        long firstPermits,
        int firstWindow,
        long secondPermits,
        int secondWindow,
        bool shared
    )
    {
        await RegisterAsync(
            options: new() { PermitLimit = firstPermits, WindowSeconds = firstWindow }
        );
        await RegisterAsync(
            options: new() { PermitLimit = secondPermits, WindowSeconds = secondWindow }
        );

        Assert.That(
            taken[0].Policy.Limits[0].Epoch == taken[1].Policy.Limits[0].Epoch,
            Is.EqualTo(shared)
        );
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("0123456789abcde")]
    [TestCase("0123456789abcdeF")]
    [TestCase("0123456789abcdef0")]
    public async Task Handle_TokenMissingOrWrong_TakesAPermitAndKeepsNothing(string? token)
    {
        var outcome = await RegisterAsync(options: WithToken, token: token);

        Assert.That(outcome, Is.EqualTo(new RegistrationTokenRefused()));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(taken, Has.Count.EqualTo(1));
            Assert.That(added, Is.Empty);
        }
    }

    [Test]
    public async Task Handle_Token_KeepsTheClient()
    {
        var outcome = await RegisterAsync(options: WithToken, token: Token);

        Assert.That(outcome, Is.TypeOf<ClientRegistered>());
        Assert.That(added, Has.Count.EqualTo(1));
    }

    [TestCase(Token)]
    [TestCase("wrong")]
    public async Task Handle_NoPermitLeft_DoesNotTellWhetherTheTokenIsRight(string token)
    {
        status = TestData.Status(wait: 59_000_000, remaining: 0);

        var outcome = await RegisterAsync(options: WithToken, token: token);

        Assert.That(outcome, Is.TypeOf<TooManyRegistrations>());
    }

    [Test]
    public async Task Handle_Closed_AsksTheStoreForNothing()
    {
        var outcome = await RegisterAsync(
            options: new() { Mode = RegistrationMode.Closed, Token = Token },
            token: Token
        );

        Assert.That(outcome, Is.EqualTo(new RegistrationClosed()));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(taken, Is.Empty);
            Assert.That(added, Is.Empty);
        }
    }

    [Test]
    public async Task Handle_OpenAndAnyToken_KeepsTheClient()
    {
        Assert.That(await RegisterAsync(token: "any"), Is.TypeOf<ClientRegistered>());
    }

    private Task<RegistrationOutcome> RegisterAsync(
        string caller = "192.0.2.7",
        RegistrationOptions? options = null,
        IClientRepository? clients = null,
        string? token = null
    )
    {
        var counters = new Mock<ICounterStore>();
        counters
            .Setup(it => it.AcquireAsync(It.IsAny<CheckPlan>(), It.IsAny<CancellationToken>()))
            .Callback((CheckPlan request, CancellationToken _) => taken.Add(request))
            .Returns(
                (CheckPlan request, CancellationToken _) =>
                    ValueTask.FromResult<Decision?>(TestData.Decision(request.Policy, status))
            );

        return new RegisterClientHandler(
            clients ?? RecordingClients(),
            counters.Object,
            directory,
            room,
            Options.Create(options ?? new()),
            new FakeTimeProvider(TestData.Moment)
        ).Handle(
            new RegisterClientCommand("My app", IPAddress.Parse(caller), TestData.Actor, token),
            CancellationToken.None
        );
    }

    private IClientRepository RecordingClients()
    {
        var clients = new Mock<IClientRepository>();
        clients
            .Setup(it =>
                it.AddAsync(
                    It.IsAny<NewClient>(),
                    It.IsAny<AuditRecord>(),
                    It.IsAny<CancellationToken>()
                )
            )
            .Callback(
                (NewClient client, AuditRecord audit, CancellationToken _) =>
                    added.Add((client, audit))
            )
            .Returns(Task.CompletedTask);
        return clients.Object;
    }
}
