using FluentValidation;
using MediatR;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using RateLimiter.Api.Authentication;
using RateLimiter.Api.Errors;
using RateLimiter.Api.Json;
using RateLimiter.Application.Clients;
using RateLimiter.Domain;

namespace RateLimiter.Api.Clients;

/// <summary>Getting an API key.</summary>
[ApiController]
[Tags("Clients")]
public sealed class RegisterController(IMediator mediator) : ControllerBase
{
    /// <summary>Registers an app as a client.</summary>
    /// <remarks>The API key is shown this once and kept nowhere. 5 registrations a minute per caller's address.</remarks>
    [AllowAnonymous]
    [HttpPost("/register", Name = "Register")]
    [ProducesResponseType<RegisterResponse>(StatusCodes.Status200OK)]
    [ProducesResponseType<ValidationProblemDetails>(StatusCodes.Status400BadRequest)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status429TooManyRequests)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status503ServiceUnavailable)]
    public async Task<ActionResult<RegisterResponse>> RegisterAsync(
        RegisterRequest request,
        CancellationToken cancellationToken
    )
    {
        var outcome = await mediator.Send(
            new RegisterClientCommand(request.Name!, HttpContext.Caller()),
            cancellationToken
        );
        return outcome switch
        {
            ClientRegistered registered => new RegisterResponse(
                registered.ApiKey,
                registered.Client.Value
            ),
            TooManyRegistrations { RetryAfter: var wait } => ProblemResponse.TooMany(
                HttpContext,
                wait,
                "Too many registrations from this address."
            ),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }
}

/// <param name="Name">The app's name, 1 to 100 characters.</param>
public sealed record RegisterRequest(string? Name);

/// <param name="ApiKey">The key for the header X-API-Key, shown this once.</param>
/// <param name="ClientId">The client's public name.</param>
public sealed record RegisterResponse(string ApiKey, string ClientId);

internal sealed class RegisterRequestValidator : AbstractValidator<RegisterRequest>
{
    public RegisterRequestValidator() =>
        RuleFor(request => request.Name).IsName(Names.MaxClientNameLength);
}
