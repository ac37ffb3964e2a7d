import { LoaderCircle } from 'lucide-react'

export const Spinner = () => <LoaderCircle size={14} aria-hidden className="motion-safe:animate-spin" />
