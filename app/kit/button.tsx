import type { ReactNode } from 'react'
import { Button as AriaButton, type ButtonProps as AriaButtonProps, Tooltip, TooltipTrigger } from 'react-aria-components'

export interface ButtonProps extends Omit<AriaButtonProps, 'className' | 'style' | 'children'> {
  readonly look?: 'plain' | 'primary' | 'ghost' | 'link'
  readonly isSmall?: boolean
  readonly children: ReactNode
  readonly className?: string
}

const LOOK = { plain: 'button', primary: 'button primary', ghost: 'button ghost', link: 'textlink' } as const

export function Button({ look = 'plain', isSmall, className, children, ...rest }: ButtonProps) {
  return (
    <AriaButton {...rest} className={`${LOOK[look]} ${isSmall ? 'small' : ''} ${className ?? ''}`}>
      {children}
    </AriaButton>
  )
}

/** A button that is only a picture; its name is shown when it is pointed at or focused. */
export function IconButton({ label, children, isSmall, className, ...rest }: Omit<ButtonProps, 'look'> & { readonly label: string }) {
  return (
    <TooltipTrigger delay={400}>
      <AriaButton {...rest} aria-label={label} className={`button ghost icon ${isSmall ? 'small' : ''} ${className ?? ''}`}>
        {children}
      </AriaButton>
      <Tooltip offset={6} className="rounded-md bg-ink px-2 py-1 text-xs text-paper">
        {label}
      </Tooltip>
    </TooltipTrigger>
  )
}
