using System.Net;
using MediatR;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Moq;
using RateLimiter.Api.Registration;
using RateLimiter.Application.Registration;
using RateLimiter.Domain;

namespace RateLimiter.UnitTests.Api.Registration;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RegisterControllerTests
{
    private readonly Mock<IMediator> mediator = new();
    private readonly DefaultHttpContext http = Requests.Context();

    [Test]
    public async Task Register_Registered_ShowsTheKey()
    {
        var (answer, _) = await RegisterAsync(new ClientRegistered(TestData.Client, "rl_key"));

        Assert.That(
            answer.Value,
            Is.EqualTo(new RegisterResponse("rl_key", TestData.Client.Value))
        );
    }

    [TestCase(59_000, "59")]
    [TestCase(59_001, "60")]
    [TestCase(null, "")]
    public async Task Register_TooMany_Is429AndSaysWhen(int? waitMs, string retryAfter)
    {
        TimeSpan? wait = waitMs is { } known ? TimeSpan.FromMilliseconds(known) : null;

        var (answer, header) = await RegisterAsync(new TooManyRegistrations(wait));

        Assert.That(answer.Result.Problem().Status, Is.EqualTo(429));
        Assert.That(header, Is.EqualTo(retryAfter));
    }

    [Test]
    public async Task Register_Registered_IsKeptByNoCache()
    {
        await RegisterAsync(new ClientRegistered(TestData.Client, "rl_key"));

        Assert.That(http.Response.Headers.CacheControl.ToString(), Is.EqualTo("no-store"));
    }

    [TestCase(null, "The header X-Registration-Token is missing.")]
    [TestCase("hunter2", "The header X-Registration-Token does not hold the registration token.")]
    public async Task Register_TokenRefused_Is401AndDoesNotRepeatIt(string? token, string detail)
    {
        http.Request.Headers["X-Registration-Token"] = token;

        var (answer, _) = await RegisterAsync(new RegistrationTokenRefused());

        var problem = answer.Result.Problem();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(problem.Status, Is.EqualTo(401));
            Assert.That(problem.Detail, Is.EqualTo(detail));
            Assert.That(
                http.Response.Headers.WWWAuthenticate.ToString(),
                Is.EqualTo("RegistrationToken")
            );
        }
    }

    [Test]
    public async Task Register_Closed_Is403AndSaysSo()
    {
        var (answer, _) = await RegisterAsync(new RegistrationClosed());

        var problem = answer.Result.Problem();
        Assert.That(problem.Status, Is.EqualTo(403));
        Assert.That(problem.Detail, Is.EqualTo("Registration is closed."));
    }

    [Test]
    public async Task Register_Token_IsHandedOn()
    {
        http.Request.Headers["X-Registration-Token"] = "hunter2";

        await RegisterAsync(new ClientRegistered(TestData.Client, "rl_key"));

        mediator.Verify(it =>
            it.Send(
                new RegisterClientCommand(
                    "My app",
                    IPAddress.Parse("192.0.2.7"),
                    new Actor(null, "192.0.2.7", http.TraceIdentifier),
                    "hunter2"
                ),
                It.IsAny<CancellationToken>()
            )
        );
    }

    [Test]
    public async Task Register_ConnectionWithoutAnAddress_CountsAsThisMachine()
    {
        await RegisterAsync(new ClientRegistered(TestData.Client, "rl_key"), address: null);

        mediator.Verify(it =>
            it.Send(
                new RegisterClientCommand(
                    "My app",
                    IPAddress.Loopback,
                    new Actor(null, "127.0.0.1", http.TraceIdentifier)
                ),
                It.IsAny<CancellationToken>()
            )
        );
    }

    private async Task<(ActionResult<RegisterResponse> Answer, string RetryAfter)> RegisterAsync(
        RegistrationOutcome outcome,
        string? address = "192.0.2.7"
    )
    {
        http.Connection.RemoteIpAddress = address is null ? null : IPAddress.Parse(address);
        mediator
            .Setup(it => it.Send(It.IsAny<RegisterClientCommand>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync(outcome);

        var answer = await new RegisterController(mediator.Object)
        {
            ControllerContext = { HttpContext = http },
        }.RegisterAsync(new RegisterRequest("My app"), CancellationToken.None);
        return (answer, http.Response.Headers.RetryAfter.ToString());
    }
}
