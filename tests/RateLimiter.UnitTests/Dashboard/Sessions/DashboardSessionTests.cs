using System.Net;
using System.Security.Claims;
using MediatR;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Extensions.Time.Testing;
using Moq;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Quotas;
using RateLimiter.Application.Sessions;
using RateLimiter.Dashboard.Sessions;
using RateLimiter.Domain.Keys;

namespace RateLimiter.UnitTests.Dashboard.Sessions;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DashboardSessionTests
{
    private static readonly (ApiKey Key, string Text) Own = ApiKey.Generate(TestData.Client);

    private readonly FakeTimeProvider time = new(TestData.Moment);
    private readonly Mock<IMediator> mediator = new();
    private readonly Mock<ISessions> sessions = new();
    private readonly AdministrativeRate administration;
    private readonly DashboardSession session;

    public DashboardSessionTests()
    {
        IsOpen(true);
        var snapshot = TestData.Snapshot(TestData.Client, keys: [Own.Key.Hash]);
        var clients = new Mock<IClientRepository>();
        clients.SetupFind(TestData.Client).ReturnsAsync(snapshot);
        clients
            .Setup(it => it.FindVersionAsync(TestData.Client, It.IsAny<CancellationToken>()))
            .ReturnsAsync(snapshot.Version);
        administration = TestData.AdministrativeRate(
            new QuotaOptions { AdministrativeCallsPerSecond = 1, AdministrativeBurst = 2 },
            time
        );
        session = new DashboardSession(
            new SignedIn(
                SessionTicket.Complete(
                    SessionTicket.Write("session", Own.Text, TestData.Caller(snapshot)),
                    IPAddress.Loopback,
                    TestData.Moment.AddHours(1)
                )
            ),
            TestData.Authenticator(clients.Object, time),
            sessions.Object,
            administration,
            mediator.Object,
            Mock.Of<NavigationManager>(),
            time
        );
    }

    [Test]
    public async Task Send_TooManyCalls_SendsNothingAndSaysSo()
    {
        await SendAsync();
        await SendAsync();

        var reply = await SendAsync();

        Assert.That(
            reply.Failure,
            Is.EqualTo(
                new Failure(
                    "Too many calls",
                    "Too many administrative calls of this client. Nothing was changed. Try again in 1 s.",
                    IsPassing: true
                )
            )
        );
        Assert.That(mediator.Invocations, Has.Count.EqualTo(2));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.That((await SendAsync()).Failure, Is.Null);
    }

    [Test]
    public async Task Send_SignedOutElsewhere_SendsNothing()
    {
        await SendAsync();
        IsOpen(false);

        Assert.That(await session.FindCallerAsync(), Is.Null);
        Assert.That(mediator.Invocations, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Send_Call_CountsForTheClientWhereverElseItCalls()
    {
        await SendAsync();
        administration.Acquire(TestData.Client, IPAddress.Parse("192.0.2.1"));

        Assert.That(
            administration.Acquire(TestData.Client, IPAddress.Parse("192.0.2.2"))?.Reason,
            Does.Contain("this client")
        );
    }

    private Task<Reply<IReadOnlyList<ClientKey>>> SendAsync() =>
        session.SendAsync(Scopes.KeysWrite, caller => new ListKeysRequest());

    private void IsOpen(bool isOpen) =>
        sessions
            .Setup(it => it.IsOpenAsync("session", It.IsAny<CancellationToken>()))
            .ReturnsAsync(isOpen);

    private sealed record ListKeysRequest : IRequest<IReadOnlyList<ClientKey>>;

    private sealed class SignedIn(ClaimsPrincipal user) : AuthenticationStateProvider
    {
        public override Task<AuthenticationState> GetAuthenticationStateAsync() =>
            Task.FromResult(new AuthenticationState(user));
    }
}
