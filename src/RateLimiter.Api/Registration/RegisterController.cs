using System.Diagnostics;
using FluentValidation;
using MediatR;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using NSwag.Annotations;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Application.Registration;

namespace RateLimiter.Api.Registration;

/// <summary>Registers clients.</summary>
[ApiController]
[Tags("Clients")]
public sealed class RegisterController(IMediator mediator) : ControllerBase
{
    public const string TokenHeader = "X-Registration-Token";

    /// <summary>Registers an app as a client.</summary>
    /// <remarks>The API key is shown only once and stored nowhere. 5 registrations per minute and caller address.</remarks>
    /// <response code="401">The registration token is missing or wrong.</response>
    /// <response code="403">Registration is closed.</response>
    [AllowAnonymous]
    [HttpPost("/register", Name = "Register")]
    [OpenApiOperationProcessor(typeof(RegistrationTokenParameter))]
    [ProducesResponseType<RegisterResponse>(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status401Unauthorized)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status403Forbidden)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status429TooManyRequests)]
    public async Task<ActionResult<RegisterResponse>> RegisterAsync(
        RegisterRequest request,
        CancellationToken cancellationToken
    )
    {
        // Not an argument: MVC would write it to its log at level Trace.
        string? token = Request.Headers[TokenHeader];
        var outcome = await mediator.Send(
            new RegisterClientCommand(
                request.Name!,
                HttpContext.RemoteAddress(),
                HttpContext.Actor(),
                token
            ),
            cancellationToken
        );
        return outcome switch
        {
            ClientRegistered registered => Answer(registered),
            RegistrationClosed => ProblemResponse.Forbidden(
                HttpContext,
                RegistrationRefusal.Closed
            ),
            RegistrationTokenRefused => RefuseToken(
                $"The header {TokenHeader} {(token is null ? "is missing" : "does not hold the registration token")}."
            ),
            TooManyRegistrations { RetryAfter: var wait } => ProblemResponse.TooMany(
                HttpContext,
                wait,
                RegistrationRefusal.TooMany
            ),
            _ => throw new UnreachableException(),
        };
    }

    private RegisterResponse Answer(ClientRegistered registered)
    {
        // No cache may store a key.
        Response.Headers.CacheControl = "no-store";
        return new RegisterResponse(registered.ApiKey, registered.Client.Value);
    }

    private ObjectResult RefuseToken(string detail)
    {
        Response.Headers.WWWAuthenticate = "RegistrationToken";
        return ProblemResponse.Create(HttpContext, StatusCodes.Status401Unauthorized, detail);
    }
}

/// <param name="Name">The app's name, 1 to 100 characters.</param>
public sealed record RegisterRequest(string? Name);

/// <param name="ApiKey">The key for the header X-API-Key, shown only once.</param>
/// <param name="ClientId">The client's public id.</param>
public sealed record RegisterResponse(string ApiKey, string ClientId);

internal sealed class RegisterRequestValidator : AbstractValidator<RegisterRequest>
{
    public RegisterRequestValidator() => RuleFor(request => request.Name).IsClientName();
}
